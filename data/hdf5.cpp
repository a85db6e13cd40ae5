#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/data/hdf5_handle.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace weft::data {
namespace {

constexpr std::size_t most_entries = 1'000'000;

// What a name in a group stands for; nothing that lies elsewhere.
struct Member {
    bool is_group = false, is_dataset = false;
    std::tuple<unsigned long, haddr_t> place = {};  // the object's, whatever it is called
};

Member member_of(const Hdf5Object& group, const std::string& name) {
    const Hdf5Quiet quiet;
    H5L_info_t link;
    H5O_info_t object;
    if (H5Lget_info(group.id(), name.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD ||
        H5Oget_info_by_name(group.id(), name.c_str(), &object, H5P_DEFAULT) < 0)
        return {};
    return {object.type == H5O_TYPE_GROUP, object.type == H5O_TYPE_DATASET, {object.fileno, object.addr}};
}

}  // namespace

std::vector<Hdf5Entry> list_hdf5(const std::string& path) {
    std::vector<Hdf5Entry> found;
    std::vector<std::pair<Hdf5Object, std::string>> waiting{{open_hdf5(path), ""}};
    std::set<decltype(Member::place)> seen;  // groups may hold each other
    while (!waiting.empty()) {
        const auto [group, prefix] = waiting.back();
        waiting.pop_back();
        for (const std::string& name : group.names()) {
            if (found.size() + waiting.size() >= most_entries)
                throw FileError(fmt::format("{}: holds more than {} objects", path, most_entries));
            const Member member = member_of(group, name);
            if (member.is_group && seen.insert(member.place).second)
                waiting.emplace_back(group.group(name), prefix + name + "/");
            if (!member.is_dataset) continue;
            try {
                const Hdf5Dataset dataset = group.dataset(name);
                found.push_back({prefix + name, dataset.shape(), dataset.dtype()});
            } catch (const FileError&) {
                // Text, records, elements elsewhere: load_hdf5 would say so.
            }
        }
    }
    std::sort(found.begin(), found.end(), [](const Hdf5Entry& a, const Hdf5Entry& b) { return a.name < b.name; });
    return found;
}

Tensor load_hdf5(const std::string& path, const std::string& name, const LoadHdf5Options& options) {
    const Hdf5Dataset dataset = open_hdf5(path).dataset(name);
    if (options.begin == 0 && options.end == None) return dataset.read();
    return dataset.read(options.begin,
                        options.end == None && !dataset.shape().empty() ? dataset.shape().front() : options.end);
}

void save_hdf5(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
               const Hdf5Layout& layout) {
    write_hdf5(path, [&](const Hdf5Object& root) {
        for (const auto& [name, tensor] : tensors) root.write(name, tensor, layout);
    });
}

}  // namespace weft::data
