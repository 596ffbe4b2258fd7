// What one step reveals of each layer: lamina.spec.measures. Sums run in double, over rows,
// columns and units in orders that no thread has a part in.
#pragma once

#include <vector>

#include "batch.hpp"

namespace lamina {

template <class T>
class Measures {
public:
    // The columns of `numbers` and the rows of `of_units`: NUMBERS and UNITS of the spec.
    static constexpr Index n_numbers = 9, n_of_units = 4;

    Measures(const Plan& plan, const Layout& layout, const std::vector<Unit>& units,
             Index capacity, int n_threads);
    bool fits(Index capacity, int n_threads) const {
        return capacity <= capacity_ && size_t(n_threads) <= flat_.size();
    }
    void begin();

    // By the thread that has these rows. After the forward pass: what entered each layer, and z_L.
    void forward(const Batch<T>& batch, const Samples<T>& samples, const Index* index, Index first,
                 Index rows, const Draws& draws);
    // With d loss / d h_l in the place of delta_l: its lengths, and the slopes.
    void backflow(Batch<T>& batch, Index l, const T* parameters, Index first, Index rows,
                  const Draws& draws, int thread);
    // With delta_l.
    void delta(const Batch<T>& batch, Index l, Index first, Index rows);

    // After all rows: the thread's share of the columns of all layers.
    void columns(const Batch<T>& batch, Index rows, double total, int thread, int n_threads);

    // Of unit `number`: sums of gradients as they are before any penalty, and parameters.
    void gradient(Index number, const T* sums);
    void bias_gradient(Index number, const T* sums);
    void before(Index number, const T* values);
    void after(Index number, const T* values);

    // `effective`: how many samples of the same weight would make a mean as steady.
    void finish(Index rows, double total, double effective) {
        rows_ = rows, total_ = total, effective_ = effective;
    }
    Index rows() const { return rows_; }  // of the batch; 0: nothing was seen
    double effective() const { return effective_; }
    void numbers(double* out) const;      // (layers, n_numbers)
    void of_units(double* out) const;     // (n_of_units, d_out), layer after layer

private:
    // Lengths of each row's vectors, and its largest slope.
    struct Rows {
        Array<double> input, backflow, delta, slope;
    };
    // Lengths of a unit's part of a layer.
    struct Lengths {
        double gradient = 0, bias = 0, weight = 0, update = 0;
    };

    void slopes(const T* slope, Index row, Index l, Index first, Index rows, int* flat);
    void panel(const Batch<T>& batch, Index l, Index p, Index rows, double total);
    template <class F>
    double length_of(const Unit& unit, F&& row) const;
    Index columns_of(const Unit& unit) const;
    Index offset(const Unit& unit) const;

    const Plan& plan_;
    const Layout& layout_;
    const std::vector<Unit>& units_;
    Index capacity_;
    std::vector<Index> starts_;  // of each layer in an array of all units of the network
    std::vector<Rows> of_rows_;
    std::vector<Lengths> lengths_;
    std::vector<Array<int>> flat_;  // rows in which a unit is flat, as each thread has met them
    std::vector<Array<T>> scratch_;
    Array<T> outputs_, before_;
    Array<double> of_units_;
    Index rows_ = 0;
    double total_ = 0, effective_ = 0;
};

extern template class Measures<float>;
extern template class Measures<double>;

}  // namespace lamina
