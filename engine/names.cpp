#include "names.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace lamina {

namespace {

constexpr const char* activations[] = {
#define ACTIVATION(name, type, from_z) #name,
#include "activations.def"
#undef ACTIVATION
    "softmax", "ascending"};

constexpr const char* functions[] = {
#define FUNCTION(name) #name,
#include "functions.def"
#undef FUNCTION
};

struct LossName {
    const char *name, *option, *output;
};

constexpr LossName losses[] = {
#define LOSS(name, type, option, output) {#name, option, output},
#include "losses.def"
#undef LOSS
};

struct RuleName {
    const char *name, *slots, *scalars;
};

constexpr RuleName rules[] = {
#define RULE(name, type, slots, scalars) {#name, slots, scalars},
#include "rules.def"
#undef RULE
};

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

template <class List, class Name>
int position(const List& list, const std::string& wanted, const char* kind, Name name) {
    for (int i = 0; i < int(std::size(list)); ++i) {
        if (wanted == name(list[i])) return i;
    }
    refuse("the native engine knows no " + std::string(kind) + " '" + wanted + "'");
}

constexpr auto plain = [](const char* own) { return own; };
constexpr auto named = [](const auto& own) { return own.name; };

}  // namespace

namespace {

// As many options as the loss's kernel reads, all finite.
void check_options(Plan& plan) {
    const size_t k = size_t(plan.outputs()), n = plan.options.size();
    bool good = true;
    if (plan.loss == loss_cross_entropy) good = n == 3;
    if (plan.loss == loss_binary_cross_entropy) good = n == 3 || n == 3 + 2 * k;
    if (plan.loss == loss_quantiles) good = n == k;
    if (plan.loss < n_losses && losses[plan.loss].option[0]) good = good && n >= 1;
    if (!good) refuse("the loss needs other options");
    for (double option : plan.options) {
        if (!std::isfinite(option)) refuse("the options of the loss must be finite");
    }
    if (plan.options.empty()) plan.options.push_back(0);
}

}  // namespace

Plan make_plan(const PlanNames& names) {
    const auto& [layers, output, loss, options] = names;
    constexpr Index largest = Index(1) << 31;
    Plan plan{};
    for (const auto& [d_in, d_out, activation, slope] : layers) {
        if (d_in < 1 || d_out < 1 || d_in >= largest || d_out >= largest) {
            refuse("the sizes of layers must lie between 1 and 2^31");
        }
        if (!plan.layers.empty() && plan.outputs() != d_in) refuse("the layers do not fit");
        if (activation == "prelu") {
            plan.layers.push_back({d_in, d_out, activation_leaky_relu, 0, true});
            continue;
        }
        const int kind = position(activations, activation, "activation", plain);
        if (kind >= n_activations) refuse(activation + " is an output function only");
        if (!(slope >= 0 && slope <= 1)) refuse("slope must lie in [0, 1]");
        plan.layers.push_back({d_in, d_out, Activation(kind), slope, false});
    }
    if (layers.empty()) refuse("a plan needs at least one layer");
    if (plan.layers.back().activation != activation_identity) {
        refuse("the last layer's activation must be identity");
    }
    plan.output = Activation(position(activations, output, "output function", plain));
    plan.loss = loss == "custom" ? loss_custom : Loss(position(losses, loss, "loss", named));
    if (plan.loss != loss_custom) {
        const std::string tied = losses[plan.loss].output;
        if (tied.empty() ? plan.output >= n_activations : tied != output) {
            refuse("the output function '" + output + "' does not go with the loss '" + loss + "'");
        }
    }
    plan.options = options;
    check_options(plan);
    return plan;
}

Rule rule_named(const std::string& name) { return Rule(position(rules, name, "rule", named)); }

Index rule_scalars(const std::string& name) {
    const std::string scalars = rules[rule_named(name)].scalars;
    return 1 + std::count(scalars.begin(), scalars.end(), ' ');
}

Function function_named(const std::string& name) {
    return Function(position(functions, name, "function", plain));
}

std::vector<std::tuple<std::string, std::string, std::string>> rule_names() {
    std::vector<std::tuple<std::string, std::string, std::string>> all;
    for (const RuleName& own : rules) all.emplace_back(own.name, own.slots, own.scalars);
    return all;
}

std::vector<std::string> function_names() { return {std::begin(functions), std::end(functions)}; }

}  // namespace lamina
