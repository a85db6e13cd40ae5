#include <weft/data/samples.hpp>

#include <numeric>
#include <vector>

namespace weft::data {

Tensors gather_all(const Samples& samples) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(samples.count));
    std::iota(numbers.begin(), numbers.end(), 0);
    Buffers buffers(0);
    return samples.gather(numbers, buffers);
}

}  // namespace weft::data
