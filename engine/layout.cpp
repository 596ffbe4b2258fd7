#include "layout.hpp"

#include <algorithm>
#include <cstring>

namespace lamina {

Layout::Layout(const Plan& plan, Index line) {
    for (const LayerPlan& own : plan.layers) {
        Layer layer{own.d_in, own.d_out, size, 0, transposed_size, padded(own.d_out, line), -1};
        size += own.d_in * layer.columns;
        layer.bias = size;
        size += layer.columns;
        if (own.learns_slopes) {
            layer.slopes = size;
            size += layer.columns;
        }
        if (!layers.empty()) transposed_size += own.d_out * padded(own.d_in);
        layers.push_back(layer);
    }
}

std::vector<Unit> Layout::units(bool sparse) const {
    std::vector<Unit> all;
    for (Index l = 0; l < Index(layers.size()); ++l) {
        const Index height = sparse && l == 0 ? sparse_unit_rows : unit_rows;
        const Index d_in = layers[l].d_in, blocks = padded(d_in) / kLanes;
        const Index parts = (d_in + height - 1) / height;
        for (Index p = 0; p < layers[l].panels(); ++p) {
            for (Index i = 0; i < parts; ++i) {  // of as equal heights as can be
                const Index first = blocks * i / parts * kLanes;
                const Index last = blocks * (i + 1) / parts * kLanes;
                all.push_back({l, p, first, std::min(last, d_in)});
            }
        }
    }
    return all;
}

template <class T>
void pack(const Layout::Layer& layer, Part part, const T* from, T* flat) {
    if (part != Part::weights) {
        T* to = flat + layer.vector(part);
        std::copy(from, from + layer.d_out, to);
        std::fill(to + layer.d_out, to + layer.columns, T(0));
        return;
    }
    for (Index p = 0; p < layer.panels(); ++p) {
        Panel panel = layer.panel(p);
        Index columns = std::min(panel.columns, layer.d_out - p * kPanel);
        for (Index k = 0; k < layer.d_in; ++k) {
            T* row = flat + panel.offset + k * panel.columns;
            std::memcpy(row, from + k * layer.d_out + p * kPanel, sizeof(T) * size_t(columns));
            std::fill(row + columns, row + panel.columns, T(0));
        }
    }
}

template <class T>
void unpack(const Layout::Layer& layer, Part part, const T* flat, T* to) {
    if (part != Part::weights) {
        std::memcpy(to, flat + layer.vector(part), sizeof(T) * size_t(layer.d_out));
        return;
    }
    for (Index p = 0; p < layer.panels(); ++p) {
        Panel panel = layer.panel(p);
        Index columns = std::min(panel.columns, layer.d_out - p * kPanel);
        for (Index k = 0; k < layer.d_in; ++k) {
            std::memcpy(to + k * layer.d_out + p * kPanel,
                        flat + panel.offset + k * panel.columns, sizeof(T) * size_t(columns));
        }
    }
}

template void pack<float>(const Layout::Layer&, Part, const float*, float*);
template void pack<double>(const Layout::Layer&, Part, const double*, double*);
template void unpack<float>(const Layout::Layer&, Part, const float*, float*);
template void unpack<double>(const Layout::Layer&, Part, const double*, double*);

}  // namespace lamina
