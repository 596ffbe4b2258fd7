// The only file that knows Python. It checks types, shapes and contents; the engine trusts it.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <cmath>

#include "dispatch.hpp"
#include "inference.hpp"
#include "names.hpp"
#include "objective.hpp"
#include "python.hpp"
#include "trainer.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace lamina {
namespace {

template <class T>
using Matrix = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;
template <class T>
using Any = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;

void expect(bool good, const std::string& what) {
    if (!good) throw std::invalid_argument(what);
}

// Makes no string of a literal unless it is needed: this one stands in loops.
void expect(bool good, const char* what) {
    if (!good) throw std::invalid_argument(what);
}

template <class T>
const Kernels<T>& kernels_of(const std::string& isa) {
    const KernelTable* table = find_table(isa);
    expect(table != nullptr, "the instruction set '" + isa + "' is not available here");
    if constexpr (sizeof(T) == 4) {
        return table->f32;
    } else {
        return table->f64;
    }
}

// Samples with the arrays that hold them.
template <class T>
struct Data {
    Samples<T> samples;
    Index inputs = 0, outputs = 0;
    std::optional<Matrix<T>> x, y;
    std::optional<Vector<T>> values, weights;
    std::optional<Vector<int>> columns;
    std::optional<Vector<Index>> starts;

    void targets(std::optional<Matrix<T>> own_y, std::optional<Vector<T>> own_weights) {
        y = std::move(own_y);
        weights = std::move(own_weights);
        if (y) {
            expect(Index(y->shape(0)) == samples.count, "y must have a row per row of x");
            samples.y = y->data();
            outputs = Index(y->shape(1));
        }
        if (weights) {
            expect(Index(weights->shape(0)) == samples.count,
                   "weights must have an entry per row of x");
            samples.weights = weights->data();
        }
    }

    void check(const Plan& plan, bool learn) const {
        expect(inputs == plan.inputs(), "x must have " + std::to_string(plan.inputs()) +
                                            " columns, got " + std::to_string(inputs));
        if (!learn) return;
        expect(samples.y != nullptr, "y is needed to learn");
        expect(outputs == plan.outputs(), "y must have " + std::to_string(plan.outputs()) +
                                              " columns, got " + std::to_string(outputs));
    }
};

template <class T>
void make_dense(Data<T>* self, Matrix<T> x, std::optional<Matrix<T>> y,
                std::optional<Vector<T>> weights) {
    new (self) Data<T>();
    self->samples.x = x.data();
    self->samples.count = Index(x.shape(0));
    self->inputs = Index(x.shape(1));
    self->x = std::move(x);
    self->targets(std::move(y), std::move(weights));
}

template <class T>
void check_rows(const Data<T>& data) {
    const Index* starts = data.samples.starts;
    const int* columns = data.samples.columns;
    const Index entries = Index(data.values->shape(0));
    expect(starts[0] >= 0 && starts[data.samples.count] <= entries,
           "the row starts of x lie outside its entries");
    for (Index r = 0; r < data.samples.count; ++r) {
        expect(starts[r] <= starts[r + 1], "the row starts of x must not fall");
    }
    for (Index r = 0; r < data.samples.count; ++r) {
        for (Index i = starts[r]; i < starts[r + 1]; ++i) {
            expect(columns[i] >= 0 && columns[i] < data.inputs, "a column index of x is too large");
            expect(i == starts[r] || columns[i - 1] <= columns[i],
                   "the column indices of x must be sorted");
        }
    }
}

template <class T>
Data<T> make_sparse(Vector<T> values, Vector<int> columns, Vector<Index> starts, Index inputs,
                    std::optional<Matrix<T>> y, std::optional<Vector<T>> weights) {
    Data<T> data;
    expect(starts.shape(0) >= 1, "x has no row starts");
    expect(values.shape(0) == columns.shape(0), "x has not as many columns as values");
    data.samples.x = values.data();
    data.samples.columns = columns.data();
    data.samples.starts = starts.data();
    data.samples.count = Index(starts.shape(0)) - 1;
    data.inputs = inputs;
    data.values = std::move(values);
    data.columns = std::move(columns);
    data.starts = std::move(starts);
    check_rows(data);
    data.targets(std::move(y), std::move(weights));
    return data;
}

void check_parameter(const Plan& plan, Index layer, bool bias, size_t ndim, const int64_t* shape) {
    expect(layer >= 0 && layer < Index(plan.layers.size()), "there is no such layer");
    const LayerPlan& own = plan.layers[size_t(layer)];
    const bool good = bias ? ndim == 1 && shape[0] == own.d_out
                           : ndim == 2 && shape[0] == own.d_in && shape[1] == own.d_out;
    expect(good, "the parameters of layer " + std::to_string(layer) + " must have the shapes (" +
                     std::to_string(own.d_in) + ", " + std::to_string(own.d_out) + ") and (" +
                     std::to_string(own.d_out) + ",)");
}

// Python's view of a Trainer: used by one thread at a time, or it says so.
template <class T>
class PyTrainer {
public:
    PyTrainer(const PlanNames& plan, const std::string& rule, double alpha, const std::string& isa,
              int n_threads, nb::object data)
        : data_(std::move(data)),
          trainer_(make_plan(plan), rule_named(rule), alpha, kernels_of<T>(isa),
                   nb::cast<Data<T>&>(data_).samples, n_threads) {
        nb::cast<Data<T>&>(data_).check(trainer_.plan(), true);
        expect(alpha >= 0 && std::isfinite(alpha), "alpha must be a number in [0, inf)");
        expect(n_threads >= 0, "n_threads must not be negative");
        scalars_ = rule_scalars(rule);
    }

    void write(int array, Index layer, bool bias, Any<T> from) {
        Turn turn(*this);
        check(array, layer, bias, from.ndim(), from.shape_ptr());
        trainer_.write(array, layer, bias, from.data());
    }

    void read(int array, Index layer, bool bias, Out<T> to) {
        Turn turn(*this);
        check(array, layer, bias, to.ndim(), to.shape_ptr());
        trainer_.read(array, layer, bias, to.data());
    }

    std::pair<double, double> epoch(Vector<Index> order, Index batch_size, Matrix<double> table) {
        Turn turn(*this);
        n_done = 0;
        const Index count = Index(order.shape(0)), samples = nb::cast<Data<T>&>(data_).samples.count;
        expect(batch_size >= 1, "batch_size must be at least 1");
        const Epoch own{order.data(), count, std::min(batch_size, std::max(count, Index(1))),
                        table.data(), Index(table.shape(1)), {poll, &failed_}};
        expect(Index(table.shape(0)) == own.steps(), "the table must have a row per step");
        expect(Index(table.shape(1)) == 1 + scalars_, "the table must have the rule's columns");
        for (Index i = 0; i < count; ++i) {
            expect(order.data()[i] >= 0 && order.data()[i] < samples,
                   "order must hold indices of samples");
        }
        if (count == 0) return {0.0, 0.0};
        failed_ = false;
        Sums sums;
        {
            Released released;
            sums = trainer_.epoch(own);
        }
        n_done = sums.steps;
        if (failed_) throw nb::python_error();
        return {sums.loss, sums.penalty};
    }

    void predict(const Data<T>& data, Out<T> out) {
        Turn turn(*this);
        data.check(trainer_.plan(), false);
        expect(Index(out.size()) == data.samples.count * trainer_.plan().outputs(),
               "the predictions need a place of their shape");
        Released released;
        trainer_.predict(data.samples, out.data());
    }

    bool finite() {
        Turn turn(*this);
        return trainer_.finite();
    }

    void keep(const std::string& name) {
        Turn turn(*this);
        trainer_.keep(name);
    }

    void recall(const std::string& name) {
        Turn turn(*this);
        if (!trainer_.recall(name)) throw nb::key_error(name.c_str());
    }

    void close() {
        Turn turn(*this);
        Released released;
        trainer_.close();
    }

    Index n_done = 0;

private:
    struct Turn {
        explicit Turn(PyTrainer& own) : own(own) {
            if (own.busy_.exchange(true)) {
                throw std::runtime_error("a trainer belongs to one thread at a time");
            }
        }
        ~Turn() { own.busy_.store(false); }
        PyTrainer& own;
    };

    // Runs Python's signal handlers; true if one raised, which stops the epoch.
    static bool poll(void* failed) {
        wait_if_python_ends();
        nb::gil_scoped_acquire acquired;
        return *static_cast<bool*>(failed) = PyErr_CheckSignals() != 0;
    }

    void check(int array, Index layer, bool bias, size_t ndim, const int64_t* shape) const {
        expect(array >= 0 && array <= trainer_.slots(), "the rule has no such slot");
        check_parameter(trainer_.plan(), layer, bias, ndim, shape);
    }

    nb::object data_;
    Trainer<T> trainer_;
    Index scalars_ = 0;
    bool failed_ = false;
    std::atomic<bool> busy_{false};
};

template <class T>
Predictor<T>* make_predictor(const PlanNames& plan, const std::string& isa, int n_threads,
                             const std::vector<std::pair<Any<T>, Any<T>>>& parameters) {
    auto own = std::make_unique<Predictor<T>>(make_plan(plan), kernels_of<T>(isa), n_threads);
    expect(parameters.size() == own->plan().layers.size(), "there must be parameters per layer");
    for (size_t l = 0; l < parameters.size(); ++l) {
        const auto& [weights, bias] = parameters[l];
        check_parameter(own->plan(), Index(l), false, weights.ndim(), weights.shape_ptr());
        check_parameter(own->plan(), Index(l), true, bias.ndim(), bias.shape_ptr());
        own->write(Index(l), false, weights.data());
        own->write(Index(l), true, bias.data());
    }
    return own.release();
}

template <class T>
void run_predictor(Predictor<T>& self, const Samples<T>& samples, T* out) {
    if (double(samples.count) * work_of(self.plan(), 1) < 1e6) return self.run(samples, out);
    Released released;
    self.run(samples, out);
}

template <class T>
void predict_rows(Predictor<T>& self, Matrix<T> x, Out<T> out) {
    expect(Index(x.shape(1)) == self.plan().inputs(),
           "x must have " + std::to_string(self.plan().inputs()) + " columns");
    expect(Index(out.size()) == Index(x.shape(0)) * self.plan().outputs(),
           "the predictions need a place of their shape");
    Samples<T> samples;
    samples.x = x.data();
    samples.count = Index(x.shape(0));
    run_predictor(self, samples, out.data());
}

// Predicts if x is a finite matrix of the right width with rows, and coefs and intercepts are the
// parameters that the predictor was made of; else returns false.
template <class T>
bool predict_checked(Predictor<T>& self, Matrix<T> x, const std::vector<Any<T>>& coefs,
                     const std::vector<Any<T>>& intercepts, Out<T> out) {
    const auto& layers = self.plan().layers;
    if (coefs.size() != layers.size() || intercepts.size() != layers.size()) return false;
    for (size_t l = 0; l < layers.size(); ++l) {
        const Any<T>&weights = coefs[l], &bias = intercepts[l];
        if (weights.ndim() != 2 || Index(weights.shape(0)) != layers[l].d_in ||
            Index(weights.shape(1)) != layers[l].d_out || bias.ndim() != 1 ||
            Index(bias.shape(0)) != layers[l].d_out ||
            !self.holds(Index(l), false, weights.data()) ||
            !self.holds(Index(l), true, bias.data())) {
            return false;
        }
    }
    if (!x.shape(0) || Index(x.shape(1)) != self.plan().inputs()) return false;
    if (!all_finite(x.data(), x.size())) return false;
    predict_rows(self, x, out);
    return true;
}

template <class T>
void predict_data(Predictor<T>& self, const Data<T>& data, Out<T> out) {
    data.check(self.plan(), false);
    expect(Index(out.size()) == data.samples.count * self.plan().outputs(),
           "the predictions need a place of their shape");
    run_predictor(self, data.samples, out.data());
}

template <class T>
std::pair<double, double> loss_and_gradients(
    const PlanNames& plan, const std::string& isa, int n_threads, double alpha,
    const Data<T>& data, const std::vector<std::pair<Any<T>, Any<T>>>& parameters,
    const std::vector<std::pair<Out<T>, Out<T>>>& gradients) {
    Objective<T> own(make_plan(plan), alpha, kernels_of<T>(isa), data.samples, n_threads);
    data.check(own.plan(), true);
    expect(data.samples.count > 0, "there must be samples");
    expect(parameters.size() == own.plan().layers.size() && gradients.size() == parameters.size(),
           "there must be parameters per layer");
    for (size_t l = 0; l < parameters.size(); ++l) {
        const auto& [weights, bias] = parameters[l];
        const auto& [weights_to, bias_to] = gradients[l];
        check_parameter(own.plan(), Index(l), false, weights.ndim(), weights.shape_ptr());
        check_parameter(own.plan(), Index(l), true, bias.ndim(), bias.shape_ptr());
        check_parameter(own.plan(), Index(l), false, weights_to.ndim(), weights_to.shape_ptr());
        check_parameter(own.plan(), Index(l), true, bias_to.ndim(), bias_to.shape_ptr());
        own.write(Index(l), false, weights.data());
        own.write(Index(l), true, bias.data());
    }
    {
        Released released;
        own.run();
    }
    for (size_t l = 0; l < gradients.size(); ++l) {
        own.read(Index(l), false, gradients[l].first.data());
        own.read(Index(l), true, gradients[l].second.data());
    }
    return {own.loss(), own.penalty()};
}

template <class T>
void apply_function(const std::string& isa, const std::string& name, Vector<T> x, Out<T> out) {
    expect(x.size() == out.size() && x.size() % kLanes == 0, "x needs a multiple of 16 numbers");
    FloatingPoint ieee;
    kernels_of<T>(isa).function[function_named(name)](x.data(), out.data(), Index(x.size()));
}

template <class T>
void bind(nb::module_& m, const std::string& suffix) {
    nb::class_<Data<T>>(m, ("Data" + suffix).c_str())
        .def("__init__", &make_dense<T>, "x"_a.noconvert(), "y"_a.noconvert().none(),
             "weights"_a.noconvert().none())
        .def_static("sparse", &make_sparse<T>, "values"_a.noconvert(), "columns"_a.noconvert(),
                    "starts"_a.noconvert(), "inputs"_a, "y"_a.noconvert().none(),
                    "weights"_a.noconvert().none());
    using Own = PyTrainer<T>;
    nb::class_<Own>(m, ("Trainer" + suffix).c_str())
        .def(nb::init<const PlanNames&, const std::string&, double, const std::string&, int,
                      nb::object>(),
             "plan"_a, "rule"_a, "alpha"_a, "isa"_a, "n_threads"_a, "data"_a)
        .def("write", &Own::write, "array"_a, "layer"_a, "bias"_a, "values"_a.noconvert())
        .def("read", &Own::read, "array"_a, "layer"_a, "bias"_a, "out"_a.noconvert())
        .def("epoch", &Own::epoch, "order"_a.noconvert(), "batch_size"_a, "table"_a.noconvert())
        .def("predict", &Own::predict, "data"_a, "out"_a.noconvert())
        .def("finite", &Own::finite)
        .def("keep", &Own::keep, "name"_a)
        .def("recall", &Own::recall, "name"_a)
        .def("close", &Own::close)
        .def_ro("n_done", &Own::n_done);
    nb::class_<Predictor<T>>(m, ("Predictor" + suffix).c_str())
        .def(nb::new_(&make_predictor<T>), "plan"_a, "isa"_a, "n_threads"_a, "parameters"_a)
        .def("rows", &predict_rows<T>, "x"_a.noconvert(), "out"_a.noconvert())
        .def("checked", &predict_checked<T>, "x"_a.noconvert(), "coefs"_a.noconvert(),
             "intercepts"_a.noconvert(), "out"_a.noconvert())
        .def("data", &predict_data<T>, "data"_a, "out"_a.noconvert());
    m.def(("loss_and_gradients" + suffix).c_str(), &loss_and_gradients<T>, "plan"_a, "isa"_a,
          "n_threads"_a, "alpha"_a, "data"_a, "parameters"_a, "gradients"_a);
    m.def(("apply" + suffix).c_str(), &apply_function<T>, "isa"_a, "name"_a, "x"_a.noconvert(),
          "out"_a.noconvert());
}

}  // namespace
}  // namespace lamina

NB_MODULE(_native, m) {
    using namespace lamina;
    nb::set_leak_warnings(false);  // a thread may be at work when the interpreter ends
    m.doc() = "The engine in C++. Use lamina.engines.native, which knows lamina's own types.";
    bind<float>(m, "32");
    bind<double>(m, "64");
    m.def("isas", [] {
        std::vector<std::string> names;
        for (const KernelTable* table : available_tables()) names.push_back(table->name);
        return names;
    });
    m.def("rules", &rule_names);
    m.def("functions", &function_names);
    m.def("usable_cores", &usable_cores);
    m.attr("compiler") = LAMINA_COMPILER;
}
