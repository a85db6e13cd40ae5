// libFuzzer's bytes as a list of choices, so that what it learns and shortens is what was done to a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::fuzz {

class Choices {
public:
    Choices(const std::uint8_t* bytes, std::size_t count) : next_(bytes), end_(bytes + count) {}

    bool left() const { return next_ != end_; }
    std::uint8_t byte() { return left() ? *next_++ : 0; }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | byte();
        return value;
    }
    /// One of 0 ... n - 1; 0 once there are no more bytes.
    std::size_t below(std::size_t n) {
        if (n < 2) return 0;
        return (n <= 256 ? byte() : static_cast<std::size_t>(byte()) << 8 | byte()) % n;
    }
    bool one_in(std::size_t n) { return below(n) + 1 == n; }
    template <class List>
    auto& of(List& list) {
        return list[below(list.size())];
    }
    std::string rest() {
        const std::string text(reinterpret_cast<const char*>(next_), reinterpret_cast<const char*>(end_));
        next_ = end_;
        return text;
    }

private:
    const std::uint8_t* next_;
    const std::uint8_t* end_;
};

}  // namespace weft::fuzz
