// Where the parameters of a plan stand in memory.
//
// All in one flat array: each layer's W, then its b. W (d_in, d_out) is padded to columns of a
// multiple of kLine, whatever the instruction set, and stored in panels of kPanel columns, row
// after row within a panel. The transposed copies, which the backward pass multiplies by, are panels of W^T in an array of their
// own; the first layer has none. Padding holds zeros and stays so.
#pragma once

#include <vector>

#include "plan.hpp"

namespace lamina {

template <class T>
inline constexpr Index kLine = 64 / Index(sizeof(T));  // numbers of a cache line

struct Panel {
    Index offset;   // of its first element in the flat array
    Index columns;  // padded
};

// A layer's parameters.
enum class Part { weights, bias, slopes };

// A block of rows of a panel: what one thread differentiates and updates at a time.
struct Unit {
    Index layer, panel, first, last;
};

struct Layout {
    struct Layer {
        Index d_in, d_out;
        Index weights, bias;  // offsets in the flat array
        Index transposed;     // offset in the array of transposed copies
        Index columns;        // padded
        Index slopes;         // offset of the learned slopes in the flat array; -1: none

        // The offset of a parameter that is a vector.
        Index vector(Part part) const { return part == Part::bias ? bias : slopes; }

        Index panels() const { return (d_out + kPanel - 1) / kPanel; }
        Panel panel(Index p) const { return part(weights, d_in, columns, p); }
        Panel transposed_panel(Index p) const { return part(transposed, d_out, padded(d_in), p); }

        static Panel part(Index start, Index depth, Index columns, Index p) {
            Index left = columns - p * kPanel;
            return {start + p * kPanel * depth, left < kPanel ? left : kPanel};
        }
    };

    Layout(const Plan& plan, Index line);

    // Blocks of all layers; with sparse inputs those of the first layer are taller, since each one
    // searches all rows of the batch for its own columns.
    std::vector<Unit> units(bool sparse) const;

    static constexpr Index unit_rows = 48, sparse_unit_rows = 512;  // at most

    std::vector<Layer> layers;
    Index size = 0, transposed_size = 0;
};

// Copies a row-major matrix (d_in, d_out) into its panels, or a vector; and back.
template <class T>
void pack(const Layout::Layer& layer, Part part, const T* from, T* flat);
template <class T>
void unpack(const Layout::Layer& layer, Part part, const T* flat, T* to);

}  // namespace lamina
