#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/record.hpp>

namespace weft {

using kernels::Elementwise;

Tensor add(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "add")) return add(alike->a, alike->b);
    return record(zip(a, b, &Elementwise::add, "add"), {a, b}, [](const Tensor& dy) { return dy; },
                  [](const Tensor& dy) { return dy; });
}

Tensor subtract(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "subtract")) return subtract(alike->a, alike->b);
    return record(zip(a, b, &Elementwise::subtract, "subtract"), {a, b}, [](const Tensor& dy) { return dy; },
                  [](const Tensor& dy) { return -dy; });
}

Tensor multiply(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "multiply")) return multiply(alike->a, alike->b);
    return record(zip(a, b, &Elementwise::multiply, "multiply"), {a, b},
                  [b = save_for(a, b)](const Tensor& dy) { return multiply(dy, b); },
                  [a = save_for(b, a)](const Tensor& dy) { return multiply(dy, a); });
}

Tensor divide(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "divide")) return divide(alike->a, alike->b);
    if (a.dtype() == int64) return divide(a.to(float32), b.to(float32));
    return record(zip(a, b, &Elementwise::divide, "divide"), {a, b},
                  [b = save_for(a, b)](const Tensor& dy) { return divide(dy, b); },
                  [b = save_for(b, b)](const Tensor& y, const Tensor& dy) { return -dy * y / b.get(); });
}

Tensor negative(const Tensor& x) {
    if (x.dtype() == int64) return subtract(0, x);
    return record(map(x, &Elementwise::negative, "negative"), {x}, [](const Tensor& dy) { return -dy; });
}

Tensor pow(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "pow")) return pow(alike->a, alike->b);
    if (a.dtype() == int64) return pow(a.to(float32), b.to(float32));
    return record(
        zip(a, b, &Elementwise::power, "pow"), {a, b},
        // Where the exponent is 0 the derivative is 0, also at a == 0 where a^(b - 1) is infinite: another exponent
        // takes its place there, or derivatives of this would be 0 times infinity.
        [a = save(a), b = save(b)](const Tensor& dy) {
            const Tensor base = a, exponent = b, constant = equal(exponent, 0);
            return where(constant, 0, dy * exponent * pow(base, where(constant, 1, exponent - 1)));
        },
        [a = save(a)](const Tensor& y, const Tensor& dy) {
            const Tensor base = a, zero = equal(base, 0);
            return where(zero, 0, dy * y * log(where(zero, 1, base)));
        });
}

namespace {

// dy where a wins, half of it where both are equal.
Tensor share(const Tensor& dy, const Tensor& wins, const Tensor& ties) {
    return where(wins, dy, where(ties, dy * 0.5, 0));
}

}  // namespace

Tensor minimum(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "minimum")) return minimum(alike->a, alike->b);
    return record(zip(a, b, &Elementwise::minimum, "minimum"), {a, b},
                  [a = save(a), b = save(b)](const Tensor& dy) { return share(dy, less(a, b), equal(a, b)); },
                  [a = save(a), b = save(b)](const Tensor& dy) { return share(dy, less(b, a), equal(a, b)); });
}

Tensor maximum(const Tensor& a, const Tensor& b) {
    if (const auto alike = promoted(a, b, "maximum")) return maximum(alike->a, alike->b);
    return record(zip(a, b, &Elementwise::maximum, "maximum"), {a, b},
                  [a = save(a), b = save(b)](const Tensor& dy) { return share(dy, greater(a, b), equal(a, b)); },
                  [a = save(a), b = save(b)](const Tensor& dy) { return share(dy, greater(b, a), equal(a, b)); });
}

Tensor Tensor::operator-() const { return negative(*this); }
Tensor& Tensor::operator+=(const Tensor& other) { return *this = add(*this, other); }
Tensor& Tensor::operator-=(const Tensor& other) { return *this = subtract(*this, other); }
Tensor& Tensor::operator*=(const Tensor& other) { return *this = multiply(*this, other); }
Tensor& Tensor::operator/=(const Tensor& other) { return *this = divide(*this, other); }

}  // namespace weft
