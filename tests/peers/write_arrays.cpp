// Writes arrays in every format and layout into a folder, for read_arrays.py to compare: write_arrays FOLDER
#include <weft/autograd/ops/create.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/npy.hpp>
#include <weft/data/png.hpp>

#include <filesystem>
#include <string>

using namespace weft;

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    std::vector<std::pair<std::string, Tensor>> arrays;
    for (const DType dtype : {boolean, weft::uint8, int64, float32, float64})
        for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 0, 3}, Shape{300, 70}})
            arrays.emplace_back("array" + std::to_string(arrays.size()),
                                arange(shape.elements()).reshape(shape).to(dtype));
    for (const auto& [name, value] : arrays) data::save_npy((folder / (name + ".npy")).string(), value);
    data::save_npz((folder / "stored.npz").string(), arrays);
    data::save_npz((folder / "deflated.npz").string(), arrays, {.compression = 6});
    data::save_hdf5((folder / "plain.h5").string(), arrays);
    data::save_hdf5((folder / "chunked.h5").string(), arrays, {.chunk_rows = 32});
    data::save_hdf5((folder / "packed.h5").string(), arrays, {.compression = 6});
    return 0;
}
