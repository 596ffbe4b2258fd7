// Arrays on cache-line boundaries.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "kernels.hpp"

namespace lamina {

// An array of numbers, zero at the start.
template <class T>
class Array {
public:
    Array() = default;
    Array(Array&& other) noexcept
        : size_(std::exchange(other.size_, 0)), data_(std::move(other.data_)) {}
    Array& operator=(Array&& other) noexcept {
        size_ = std::exchange(other.size_, 0);
        data_ = std::move(other.data_);
        return *this;
    }
    explicit Array(Index size) : size_(size), data_(allocate(size)) {
        std::memset(static_cast<void*>(data_.get()), 0, sizeof(T) * static_cast<size_t>(size));
    }

    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    Index size() const { return size_; }
    T& operator[](Index i) { return data_[i]; }
    const T& operator[](Index i) const { return data_[i]; }

    void copy_from(const Array& other) {
        if (size_ != other.size_) *this = Array(other.size_);
        std::memcpy(static_cast<void*>(data_.get()), other.data_.get(),
                    sizeof(T) * static_cast<size_t>(size_));
    }

private:
    static constexpr std::align_val_t line{64};
    struct Free {
        void operator()(T* p) const { ::operator delete[](static_cast<void*>(p), line); }
    };

    static T* allocate(Index size) {
        size_t bytes = sizeof(T) * static_cast<size_t>(size > 0 ? size : 1);
        return static_cast<T*>(::operator new[](bytes, line));
    }

    Index size_ = 0;
    std::unique_ptr<T[], Free> data_;
};

template <class T>
bool all_finite(const T* x, size_t count) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    constexpr Bits exponent = sizeof(T) == 4 ? Bits(0x7f800000) : Bits(0x7ff0000000000000);
    bool all = true;
    for (size_t i = 0; i < count; ++i) {
        Bits bits;
        std::memcpy(&bits, x + i, sizeof(T));
        all &= (bits & exponent) != exponent;
    }
    return all;
}

}  // namespace lamina
