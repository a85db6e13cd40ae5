#include <weft/autograd/kernels/isa.hpp>

#include <fmt/core.h>

int main() {
    for (weft::kernels::Isa isa : weft::kernels::available()) fmt::print("{}\n", weft::kernels::name(isa));
}
