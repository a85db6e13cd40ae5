// Layers that add a margin of zeros, or cut one off.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

/// What lies ahead of an axis and behind it: one number for both, or {before, after}.
struct Margin {
    std::int64_t before, after;
    constexpr Margin(std::int64_t both) : before(both), after(both) {}
    constexpr Margin(std::int64_t before, std::int64_t after) : before(before), after(after) {}
};

/// Of both axes of an image: one number, {height, width}, or {{top, bottom}, {left, right}}.
struct Margins {
    Margin height, width;
    constexpr Margins(std::int64_t all) : height(all), width(all) {}
    constexpr Margins(Margin height, Margin width) : height(height), width(width) {}
};

struct MarginOptions {
    Shape input_shape = {};
    std::string name = {};
};

namespace detail {
// What padding and cropping share: a margin for each axis between batch and channels.
class MarginLayer : public Module {
public:
    Shape output_shape(const Shape& input) override;
    nlohmann::json config() const override;

protected:
    MarginLayer(std::vector<Margin> margins, int sign, const char* key, const MarginOptions& options);
    std::vector<Margin> margins_;

private:
    int sign_;  // 1 where the margins are added, -1 where they go
    const char* key_;
};

class ZeroPadding : public MarginLayer {
public:
    Tensor forward(const Tensor& x) override;

protected:
    ZeroPadding(std::vector<Margin> margins, const MarginOptions& options)
        : MarginLayer(std::move(margins), 1, "padding", options) {}
};

class Cropping : public MarginLayer {
public:
    Tensor forward(const Tensor& x) override;

protected:
    Cropping(std::vector<Margin> margins, const MarginOptions& options)
        : MarginLayer(std::move(margins), -1, "cropping", options) {}
};
}  // namespace detail

/// Zeros around the steps of [batch, steps, channels]. Throws ValueError for negative margins.
class ZeroPadding1d : public detail::ZeroPadding {
public:
    explicit ZeroPadding1d(Margin padding = 1, const MarginOptions& options = {}) : ZeroPadding({padding}, options) {}
    std::string class_name() const override { return "ZeroPadding1D"; }
};

/// Zeros around images [batch, height, width, channels].
class ZeroPadding2d : public detail::ZeroPadding {
public:
    explicit ZeroPadding2d(const Margins& padding = 1, const MarginOptions& options = {})
        : ZeroPadding({padding.height, padding.width}, options) {}
    std::string class_name() const override { return "ZeroPadding2D"; }
};

/// Cuts steps off both ends of [batch, steps, channels]. Throws ShapeError if nothing would be left.
class Cropping1d : public detail::Cropping {
public:
    explicit Cropping1d(Margin cropping = 1, const MarginOptions& options = {}) : Cropping({cropping}, options) {}
    std::string class_name() const override { return "Cropping1D"; }
};

/// Cuts margins off images [batch, height, width, channels].
class Cropping2d : public detail::Cropping {
public:
    explicit Cropping2d(const Margins& cropping = 0, const MarginOptions& options = {})
        : Cropping({cropping.height, cropping.width}, options) {}
    std::string class_name() const override { return "Cropping2D"; }
};

}  // namespace weft::nn
