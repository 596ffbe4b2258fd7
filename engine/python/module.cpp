// The extension module: which classes and functions Python sees.
#include "data.hpp"
#include "prediction.hpp"
#include "sample_losses.hpp"
#include "training.hpp"

using namespace nb::literals;

namespace lamina {
namespace {

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
             "weights"_a.noconvert().none(), "factors"_a.noconvert().none() = nb::none())
        .def_static("sparse", &make_sparse<T>, "values"_a.noconvert(), "columns"_a.noconvert(),
                    "starts"_a.noconvert(), "inputs"_a, "y"_a.noconvert().none(),
                    "weights"_a.noconvert().none(), "factors"_a.noconvert().none() = nb::none());
    using Own = PyTrainer<T>;
    nb::class_<Own>(m, ("Trainer" + suffix).c_str())
        .def(nb::init<const PlanNames&, const std::string&, double, const RegularizationNumbers&,
                      nb::object, const std::string&, int, nb::object>(),
             "plan"_a, "rule"_a, "alpha"_a, "regularization"_a, "loss"_a.none(), "isa"_a,
             "n_threads"_a, "data"_a)
        .def("write", &Own::write, "array"_a, "layer"_a, "part"_a, "values"_a.noconvert())
        .def("read", &Own::read, "array"_a, "layer"_a, "part"_a, "out"_a.noconvert())
        .def("epoch", &Own::epoch, "order"_a.noconvert(), "batch_size"_a, "table"_a.noconvert(),
             "first_step"_a, "sums"_a, "measured"_a = false)
        .def("measures", &Own::measures, "numbers"_a.noconvert(), "units"_a.noconvert())
        .def("losses", &Own::losses, "data"_a)
        .def("predict", &Own::predict, "data"_a, "out"_a.noconvert())
        .def("finite", &Own::finite)
        .def("keep", &Own::keep, "name"_a)
        .def("recall", &Own::recall, "name"_a)
        .def("close", &Own::close)
        .def_ro("n_done", &Own::n_done);
    nb::class_<Forward<T>>(m, ("Forward" + suffix).c_str())
        .def(nb::new_(&make_forward<T>), "plan"_a, "isa"_a)
        .def("run", &predict_with<T>, "x"_a.noconvert(), "coefs"_a.noconvert(),
             "intercepts"_a.noconvert(), "n_threads"_a.none(), "out"_a.noconvert())
        .def("losses", &sample_losses<T>, "parameters"_a, "data"_a, "n_threads"_a,
             "out"_a.noconvert());
    nb::class_<Predictor<T>>(m, ("Predictor" + suffix).c_str())
        .def(nb::new_(&make_predictor<T>), "plan"_a, "isa"_a, "n_threads"_a, "parameters"_a)
        .def("rows", &predict_rows<T>, "x"_a.noconvert(), "out"_a.noconvert())
        .def("data", &predict_data<T>, "data"_a, "out"_a.noconvert());
    nb::class_<PyObjective<T>>(m, ("Objective" + suffix).c_str())
        .def(nb::init<const PlanNames&, double, nb::object, const std::string&, int, nb::object>(),
             "plan"_a, "alpha"_a, "loss"_a.none(), "isa"_a, "n_threads"_a, "data"_a)
        .def("run", &PyObjective<T>::run, "parameters"_a, "gradients"_a)
        .def("close", &PyObjective<T>::close);
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
