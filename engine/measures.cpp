#include "measures.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sums.hpp"

namespace lamina {

namespace {

constexpr double kFlat = 0.01;  // FLAT of the spec
constexpr Index kBlock = 16;    // rows whose slopes are looked at together

// The larger one, NaN where there is one.
template <class T>
T larger(T a, T b) {
    return b > a || b != b ? b : a;
}

// add(j, x) for every element of a block of columns, row after row.
template <class T, class F>
void each_column(const Block<T>& block, Index first, Index rows, Index columns, F&& add) {
    for (Index r = 0; r < rows; ++r) {
        const T* x = block.data + r * block.row + first;
        for (Index j = 0; j < columns; ++j) add(j, double(x[j]));
    }
}

// The length of a vector with another entry, which is 1.
double with_one(double length) { return length < 1e150 ? std::sqrt(length * length + 1) : length; }

}  // namespace

template <class T>
Measures<T>::Measures(const Plan& plan, const Layout& layout, const std::vector<Unit>& units,
                      Index capacity, int n_threads)
    : plan_(plan), layout_(layout), units_(units), capacity_(capacity), lengths_(units.size()),
      outputs_(capacity * padded(plan.outputs())), before_(layout.size) {
    Index size = 0, widest = 0;
    for (const LayerPlan& layer : plan.layers) {
        starts_.push_back(size);
        size += layer.d_out;
        widest = std::max(widest, leading(layer.d_out));
        of_rows_.push_back({Array<double>(capacity), Array<double>(capacity),
                            Array<double>(capacity), Array<double>(capacity)});
    }
    of_units_ = Array<double>(n_of_units * size);
    for (int i = 0; i < n_threads; ++i) {
        flat_.emplace_back(size);
        scratch_.emplace_back(kBlock * widest);
    }
}

template <class T>
void Measures<T>::begin() {
    rows_ = 0;
    for (Array<int>& own : flat_) std::fill_n(own.data(), own.size(), 0);
}

template <class T>
void Measures<T>::forward(const Batch<T>& batch, const Samples<T>& samples, const Index* index,
                          Index first, Index rows, const Draws& draws) {
    batch.input_lengths(samples, index, first, rows, draws, of_rows_[0].input.data() + first);
    for (size_t l = 1; l < of_rows_.size(); ++l) {
        const Block<T> h = batch.outputs(Index(l) - 1);
        const Index d_in = plan_.layers[l].d_in;
        for (Index r = first; r < first + rows; ++r) {
            of_rows_[l].input[r] = length(h.data + r * h.row, d_in);
        }
    }
    const Index outputs = plan_.outputs();
    const Block<T> z = batch.outputs(Index(of_rows_.size()) - 1);
    for (Index r = first; r < first + rows; ++r) {
        std::copy_n(z.data + r * z.row, outputs, outputs_.data() + r * padded(outputs));
    }
}

template <class T>
void Measures<T>::delta(const Batch<T>& batch, Index l, Index first, Index rows) {
    const Block<T> d = batch.deltas(l);
    for (Index r = first; r < first + rows; ++r) {
        of_rows_[size_t(l)].delta[r] = length(d.data + r * d.row, plan_.layers[size_t(l)].d_out);
    }
}

template <class T>
void Measures<T>::backflow(Batch<T>& batch, Index l, const T* parameters, Index first, Index rows,
                           const Draws& draws, int thread) {
    const Block<T> d = batch.deltas(l);
    Rows& own = of_rows_[size_t(l)];
    for (Index r = first; r < first + rows; ++r) {
        own.backflow[r] = length(d.data + r * d.row, plan_.layers[size_t(l)].d_out);
    }
    if (size_t(l) + 1 == of_rows_.size()) {  // the last activation is the identity
        std::fill_n(own.slope.data() + first, rows, 1.0);
        return;
    }
    T* scratch = scratch_[size_t(thread)].data();
    int* flat = flat_[size_t(thread)].data() + starts_[size_t(l)];
    for (Index done = 0; done < rows; done += kBlock) {
        const Index count = std::min(kBlock, rows - done);
        batch.slopes(l, parameters, first + done, count, draws, scratch);
        slopes(scratch, d.row, l, first + done, count, flat);
    }
}

template <class T>
void Measures<T>::slopes(const T* slope, Index row, Index l, Index first, Index rows, int* flat) {
    const Index d_out = plan_.layers[size_t(l)].d_out;
    for (Index r = 0; r < rows; ++r) {
        const T* own = slope + r * row;
        T lanes[kLanes] = {};
        const auto look = [&](Index start, Index count) {
            for (Index i = 0; i < count; ++i) {
                const T size = std::abs(own[start + i]);
                lanes[i] = larger(lanes[i], size);
                flat[start + i] += size < T(kFlat);
            }
        };
        Index j = 0;
        for (; j + kLanes <= d_out; j += kLanes) look(j, kLanes);
        look(j, d_out - j);
        T most = lanes[0];
        for (T lane : lanes) most = larger(most, lane);
        of_rows_[size_t(l)].slope[first + r] = double(most);
    }
}

template <class T>
void Measures<T>::columns(const Batch<T>& batch, Index rows, double total, int thread,
                          int n_threads) {
    Index number = 0;
    for (Index l = 0; l < Index(of_rows_.size()); ++l) {
        for (Index p = 0; p < layout_.layers[size_t(l)].panels(); ++p, ++number) {
            if (number % n_threads == thread) panel(batch, l, p, rows, total);
        }
    }
}

// Mean, deviation around it, share of flat rows and size of the deltas of a panel's columns.
template <class T>
void Measures<T>::panel(const Batch<T>& batch, Index l, Index p, Index rows, double total) {
    const Index first = p * kPanel, d_out = plan_.layers[size_t(l)].d_out;
    const Index columns = std::min(kPanel, d_out - first);
    const bool last = size_t(l) + 1 == of_rows_.size();
    const Block<T> h = last ? Block<T>{outputs_.data(), padded(d_out)} : batch.outputs(l);
    const Block<T> d = batch.deltas(l);
    double mean[kPanel] = {}, spread[kPanel] = {}, signal[kPanel] = {};
    each_column(h, first, rows, columns, [&](Index j, double x) { mean[j] += x; });
    for (double& own : mean) own /= double(rows);
    each_column(h, first, rows, columns, [&](Index j, double x) {
        spread[j] += (x - mean[j]) * (x - mean[j]);
    });
    each_column(d, first, rows, columns, [&](Index j, double x) { signal[j] += x * x; });
    for (Index j = 0; j < columns; ++j) {
        const auto of = [&](const Block<T>& block, double centre) {
            return [=](Index r) { return double(block.data[r * block.row + first + j]) - centre; };
        };
        spread[j] = root(spread[j], rows, of(h, mean[j]));
        signal[j] = root(signal[j], rows, of(d, 0));
    }
    double* out = of_units_.data() + n_of_units * starts_[size_t(l)] + first;
    for (Index j = 0; j < columns; ++j) {
        Index flat = 0;
        for (const Array<int>& own : flat_) flat += own[starts_[size_t(l)] + first + j];
        out[j] = mean[j];
        out[d_out + j] = spread[j] / std::sqrt(double(rows));
        out[2 * d_out + j] = double(flat) / double(rows);
        out[3 * d_out + j] = signal[j] * std::sqrt(double(rows)) / total;
    }
}

template <class T>
Index Measures<T>::columns_of(const Unit& unit) const {
    return std::min(kPanel, layout_.layers[size_t(unit.layer)].d_out - unit.panel * kPanel);
}

template <class T>
Index Measures<T>::offset(const Unit& unit) const {
    const Panel panel = layout_.layers[size_t(unit.layer)].panel(unit.panel);
    return panel.offset + unit.first * panel.columns;
}

// Of numbers whose rows start at row(k): a row of a panel may be longer than what is in use.
template <class T>
template <class F>
double Measures<T>::length_of(const Unit& unit, F&& row) const {
    const Index rows = unit.last - unit.first, columns = columns_of(unit);
    double sum = 0;
    for (Index k = 0; k < rows; ++k) {
        const auto term = row(k);
        sum += lane_sum(columns, [&](Index j) {
            const double own = double(term(j));
            return own * own;
        });
    }
    return root(sum, rows, [&](Index k) { return length(columns, row(k)); });
}

template <class T>
void Measures<T>::gradient(Index number, const T* sums) {
    const Unit& unit = units_[size_t(number)];
    const Index step = layout_.layers[size_t(unit.layer)].panel(unit.panel).columns;
    const auto row = [&](Index k) { return [=](Index j) { return sums[k * step + j]; }; };
    lengths_[size_t(number)] = {length_of(unit, row), 0, 0, 0};
}

template <class T>
void Measures<T>::bias_gradient(Index number, const T* sums) {
    lengths_[size_t(number)].bias = length(sums, columns_of(units_[size_t(number)]));
}

template <class T>
void Measures<T>::before(Index number, const T* values) {
    const Unit& unit = units_[size_t(number)];
    const Index row = layout_.layers[size_t(unit.layer)].panel(unit.panel).columns;
    std::copy_n(values + offset(unit), (unit.last - unit.first) * row,
                before_.data() + offset(unit));
}

template <class T>
void Measures<T>::after(Index number, const T* values) {
    const Unit& unit = units_[size_t(number)];
    const Index step = layout_.layers[size_t(unit.layer)].panel(unit.panel).columns;
    const T *old = before_.data() + offset(unit), *now = values + offset(unit);
    Lengths& own = lengths_[size_t(number)];
    own.weight = length_of(unit, [&](Index k) {
        return [=](Index j) { return old[k * step + j]; };
    });
    own.update = length_of(unit, [&](Index k) {
        return [=](Index j) { return double(now[k * step + j]) - double(old[k * step + j]); };
    });
}

template <class T>
void Measures<T>::numbers(double* out) const {
    const double n = double(rows_);
    size_t first = 0;
    for (size_t l = 0; l < of_rows_.size(); ++l, out += n_numbers) {
        size_t last = first;
        while (last < units_.size() && units_[last].layer == Index(l)) ++last;
        const auto all = [&](double Lengths::* part) {
            return length(Index(last - first),
                          [&](Index i) { return lengths_[first + size_t(i)].*part; });
        };
        const Rows& own = of_rows_[l];
        const auto sum = [&](auto&& term) { return lane_sum(rows_, term); };
        out[0] = all(&Lengths::gradient) / total_;
        out[1] = all(&Lengths::bias) / total_;
        const auto sample = [&](Index r) { return own.delta[r] * with_one(own.input[r]); };
        out[2] = length(rows_, sample) * std::sqrt(n) / total_;
        out[3] = sum([&](Index r) { return own.slope[r]; }) / n;
        out[4] = sum([&](Index r) { return own.backflow[r]; }) / total_;
        out[5] = sum([&](Index r) { return own.input[r]; }) / n;
        out[6] = sum([&](Index r) { return own.slope[r] * own.backflow[r] * own.input[r]; }) / total_;
        out[7] = all(&Lengths::weight);
        out[8] = all(&Lengths::update);
        first = last;
    }
}

template <class T>
void Measures<T>::of_units(double* out) const {
    std::copy_n(of_units_.data(), of_units_.size(), out);
}

template class Measures<float>;
template class Measures<double>;

}  // namespace lamina
