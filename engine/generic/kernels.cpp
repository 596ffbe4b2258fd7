// Compiled once per instruction set, with LAMINA_ISA naming it. Includes no standard header that
// defines templates and exports one table: see isa/vector.hpp for why.
#define LAMINA_TEXT_(x) #x
#define LAMINA_TEXT(x) LAMINA_TEXT_(x)
#define LAMINA_JOIN_(a, b) a##b
#define LAMINA_JOIN(a, b) LAMINA_JOIN_(a, b)
#include LAMINA_TEXT(../isa/LAMINA_ISA.hpp)

#include "draws.hpp"
#include "head.hpp"
#include "moves.hpp"
#include "multiply.hpp"
#include "penalties.hpp"
#include "row.hpp"
#include "rules.hpp"
#include "sparse.hpp"
#include "sums.hpp"

namespace lamina {
namespace {

template <class T>
constexpr Kernels<T> table() {
    Kernels<T> t{};
    t.multiply = multiply<T>;
    t.row = row<T>;
    t.gather = gather<T>;
    t.sparse_forward = sparse_forward<T>;
    t.sparse_gradient = sparse_gradient<T>;
    t.sparse_squares = sparse_squares<T>;
    t.column_sums = column_sums<T>;
    for (int i = 0; i < n_activations; ++i) {
        t.value[i] = value_functions<T>[i];
        t.chain[i] = chain_functions<T>[i];
    }
    t.prelu = prelu<T>;
    t.prelu_chain = prelu_chain<T>;
    t.head = head<T>;
    t.softmax = rowwise<T, Softmax>;
    t.ascending = rowwise<T, Ascending>;
    t.dropout = dropout<T>;
    t.masked = masked<T>;
    t.noise = noise<T>;
    t.shape = shape<T>;
    t.max_norm = max_norm<T>;
#define RULE(name, type, slots, scalars)    \
    t.update[rule_##name] = update_with<T, type>; \
    t.look_ahead[rule_##name] = looks_ahead<T, type> ? look_ahead_with<T, type> : nullptr;
#include "../rules.def"
#undef RULE
    t.sum_squares = sum_squares<T>;
    t.sum_absolute = sum_absolute<T>;
    t.transpose = transpose<T>;
#define FUNCTION(name) t.function[function_##name] = over_##name<T>;
#include "../functions.def"
#undef FUNCTION
    return t;
}

}  // namespace

extern constexpr KernelTable LAMINA_JOIN(kernels_, LAMINA_ISA) = {
    LAMINA_TEXT(LAMINA_ISA), table<float>(), table<double>()};

}  // namespace lamina
