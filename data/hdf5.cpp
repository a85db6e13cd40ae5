#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_file.hpp>

namespace weft::data {

Tensor load_hdf5(const std::string& path, const std::string& name) { return open_hdf5(path).read(name); }

void save_hdf5(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors) {
    write_hdf5(path, [&](const Hdf5Object& root) {
        for (const auto& [name, tensor] : tensors) root.write(name, tensor);
    });
}

}  // namespace weft::data
