// From the names that Python uses to the engine's own numbers. Each function throws
// std::invalid_argument at a name or a plan that it does not know.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "plan.hpp"

namespace lamina {

// Layers (d_in, d_out, activation, slope), output function, loss, options of the loss.
using PlanNames = std::tuple<std::vector<std::tuple<Index, Index, std::string, double>>,
                             std::string, std::string, std::vector<double>>;

Plan make_plan(const PlanNames& names);
Rule rule_named(const std::string& name);
Index rule_scalars(const std::string& name);
Function function_named(const std::string& name);

// Every rule: its name, its slots and its scalars, separated by spaces.
std::vector<std::tuple<std::string, std::string, std::string>> rule_names();
std::vector<std::string> function_names();

}  // namespace lamina
