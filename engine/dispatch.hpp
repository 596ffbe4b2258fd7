// Which instruction sets this build has and this processor runs.
#pragma once

#include <string>
#include <vector>

#include "kernels.hpp"

namespace lamina {

// Those that run here, best first.
std::vector<const KernelTable*> available_tables();

// The table of that name, or null.
const KernelTable* find_table(const std::string& name);

}  // namespace lamina
