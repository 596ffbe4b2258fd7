#include "dispatch.hpp"

namespace lamina {

std::vector<const KernelTable*> available_tables() {
    std::vector<const KernelTable*> tables;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        tables.push_back(&kernels_avx512);
    }
    if (fma) tables.push_back(&kernels_avx2);
#elif defined(__aarch64__)
    tables.push_back(&kernels_neon);
#endif
    tables.push_back(&kernels_scalar);
    return tables;
}

const KernelTable* find_table(const std::string& name) {
    for (const KernelTable* table : available_tables()) {
        if (name == table->name) return table;
    }
    return nullptr;
}

}  // namespace lamina
