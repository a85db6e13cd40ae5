#include "changes.hpp"

#include <weft/data/hdf5_handle.hpp>

#include <algorithm>

namespace weft::fuzz {
namespace {

struct Place {
    std::string path;
    bool is_group;
};

herr_t collect(hid_t, const char* name, const H5O_info_t* info, void* found) {
    static_cast<std::vector<Place>*>(found)->push_back({name, info->type == H5O_TYPE_GROUP});
    return 0;
}

std::vector<Place> places(hid_t file) {
    std::vector<Place> found;
    H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, collect, &found, H5O_INFO_BASIC);
    return found;
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string new_name(const std::string& near, Choices& choices) {
    static const std::vector<std::string> names{"0",     "1",        "2",      "vars",          "layers",
                                                "dense", "kernel:0", "bias:0", "model_weights", "optimizer",
                                                "x",     "a b",      "..",     "\x1b[2J"};
    const std::string parent = parent_of(near);
    return (parent == "." ? "" : parent + "/") + choices.of(names);
}

// A type of numbers or of something else; the caller closes it.
hid_t some_type(Choices& choices) {
    switch (choices.below(18)) {
        case 0: return H5Tcopy(H5T_IEEE_F32LE);
        case 1: return H5Tcopy(H5T_IEEE_F64BE);
        case 2: return H5Tcopy(H5T_STD_I8LE);
        case 3: return H5Tcopy(H5T_STD_U64BE);
        case 4: return H5Tcopy(H5T_STD_I32LE);
        case 5: {  // half precision
            const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
            H5Tset_fields(type, 15, 10, 5, 0, 10);
            H5Tset_size(type, 2);
            H5Tset_ebias(type, 15);
            return type;
        }
        case 6: return H5Tcopy(H5T_NATIVE_LDOUBLE);
        case 7: {
            const hid_t type = H5Tcopy(H5T_C_S1);
            H5Tset_size(type, 1 + choices.below(9));
            return type;
        }
        case 8: {
            const hid_t type = H5Tcopy(H5T_C_S1);
            H5Tset_size(type, H5T_VARIABLE);
            return type;
        }
        case 9: {
            const hid_t type = H5Tcreate(H5T_COMPOUND, 8);
            H5Tinsert(type, "r", 0, H5T_IEEE_F32LE);
            H5Tinsert(type, "i", 4, H5T_IEEE_F32LE);
            return type;
        }
        case 10: return H5Tcreate(H5T_OPAQUE, 4);
        case 11: return H5Tvlen_create(H5T_IEEE_F32LE);
        case 12: return H5Tcopy(H5T_STD_REF_OBJ);
        case 13: return H5Tcopy(H5T_STD_REF_DSETREG);
        case 14: return H5Tcopy(H5T_STD_B8LE);
        case 15: {
            const hsize_t three = 3;
            return H5Tarray_create2(H5T_IEEE_F32LE, 1, &three);
        }
        case 16: {
            const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
            const signed char no = 0, yes = static_cast<signed char>(1 + choices.below(2));
            H5Tenum_insert(type, "FALSE", &no);
            H5Tenum_insert(type, "TRUE", &yes);
            return type;
        }
        default: return H5Tcopy(H5T_UNIX_D32LE);
    }
}

// Sizes near those that were, or absurd ones.
std::vector<hsize_t> some_sizes(std::vector<hsize_t> sizes, Choices& choices) {
    static const std::vector<hsize_t> strange{
        0, 1, 2, 3, 7, 1000, hsize_t{1} << 20, hsize_t{1} << 33, hsize_t{1} << 62};
    switch (choices.below(4)) {
        case 0: break;
        case 1:
            if (!sizes.empty()) choices.of(sizes) = choices.of(strange);
            break;
        case 2: sizes.resize(choices.below(11), choices.of(strange)); break;
        default: std::reverse(sizes.begin(), sizes.end());
    }
    return sizes;
}

std::vector<hsize_t> sizes_of(hid_t file, const std::string& path) {
    const hid_t dataset = H5Dopen2(file, path.c_str(), H5P_DEFAULT);
    if (dataset < 0) return {};
    const hid_t space = H5Dget_space(dataset);
    std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0)));
    H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    H5Sclose(space);
    H5Dclose(dataset);
    return sizes;
}

void pack(hid_t plan, const std::vector<hsize_t>& sizes, Choices& choices) {
    std::vector<hsize_t> chunk = sizes;
    for (hsize_t& size : chunk) size = std::clamp<hsize_t>(choices.one_in(4) ? size * 3 : size, 1, 1 << 16);
    H5Pset_chunk(plan, static_cast<int>(chunk.size()), chunk.data());
    for (std::size_t filters = choices.below(4); filters > 0; --filters)
        switch (choices.below(6)) {
            case 0: H5Pset_deflate(plan, 1); break;
            case 1: H5Pset_shuffle(plan); break;
            case 2: H5Pset_fletcher32(plan); break;
            case 3: H5Pset_nbit(plan); break;
            case 4: H5Pset_scaleoffset(plan, H5Z_SO_FLOAT_DSCALE, 2); break;
            default: {  // one that nobody has, which does not stop writing
                H5Pset_filter(plan, static_cast<H5Z_filter_t>(300 + choices.below(30)), H5Z_FLAG_OPTIONAL, 0, nullptr);
            }
        }
}

// A dataset in another's place.
void replace_dataset(hid_t file, const std::string& path, Choices& choices) {
    const std::vector<hsize_t> sizes = some_sizes(sizes_of(file, path), choices);
    const hid_t space = choices.one_in(8) ? H5Screate(H5S_NULL)
                        : sizes.empty()   ? H5Screate(H5S_SCALAR)
                                          : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t type = some_type(choices), plan = H5Pcreate(H5P_DATASET_CREATE);
    switch (choices.below(5)) {
        case 0:
            if (!sizes.empty()) pack(plan, sizes, choices);
            break;
        case 1: H5Pset_layout(plan, H5D_COMPACT); break;
        case 2: H5Pset_external(plan, "/etc/hostname", 0, H5F_UNLIMITED); break;
        case 3:
            if (space >= 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE)
                H5Pset_virtual(plan, space, choices.one_in(2) ? "." : "elsewhere.h5", "x", space);
            break;
        default: break;
    }
    H5Ldelete(file, path.c_str(), H5P_DEFAULT);
    const hid_t made = H5Dcreate2(file, path.c_str(), type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    const hssize_t elements = space < 0 ? 0 : H5Sget_simple_extent_npoints(space);
    const std::size_t item = type < 0 ? 0 : H5Tget_size(type);
    if (made >= 0 && elements > 0 && elements < 100000 && item > 0 && H5Tdetect_class(type, H5T_VLEN) <= 0 &&
        H5Tis_variable_str(type) <= 0 && H5Pget_external_count(plan) == 0 && H5Pget_layout(plan) != H5D_VIRTUAL &&
        !choices.one_in(4)) {
        const std::vector<char> bytes(static_cast<std::size_t>(elements) * item,
                                      static_cast<char>(choices.byte() % 64));
        H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
    }
    if (made >= 0) H5Dclose(made);
    for (const hid_t id : {space, type, plan})
        if (id >= 0) H5Idec_ref(id);
}

void change_attribute(hid_t file, const std::string& path, Choices& choices) {
    const hid_t owner = H5Oopen(file, path.c_str(), H5P_DEFAULT);
    if (owner < 0) return;
    static const std::vector<std::string> known{"layer_names",     "weight_names",  "layer_names0", "layer_names1",
                                                "weight_names0",   "keras_version", "backend",      "model_config",
                                                "training_config", "weft_training"};
    std::string name = choices.of(known);
    H5O_info_t info;
    if (H5Oget_info2(owner, &info, H5O_INFO_NUM_ATTRS) >= 0 && info.num_attrs > 0 && !choices.one_in(4)) {
        char text[256] = {};
        if (H5Aget_name_by_idx(owner, ".", H5_INDEX_NAME, H5_ITER_INC, choices.below(info.num_attrs), text, sizeof text,
                               H5P_DEFAULT) >= 0)
            name = text;
    }
    const std::size_t what = choices.below(6);
    if (what == 1) {
        H5Arename(owner, name.c_str(), choices.of(known).c_str());
    } else {
        H5Adelete(owner, name.c_str());
        if (what > 1) {
            const hsize_t count = choices.below(5);
            const hid_t space = what == 2   ? H5Screate(H5S_NULL)
                                : what == 3 ? H5Screate(H5S_SCALAR)
                                            : H5Screate_simple(1, &count, nullptr);
            const hid_t type = what == 5 ? H5Tcopy(H5T_C_S1) : some_type(choices);
            static const std::vector<std::string> texts{
                "dense", "dense_1", "dense/kernel:0", "2.1.6-tf", "3.0.0", "1.2.2", "theano",
                "..",    "/",       "conv2d/bias:0",  "{}",       "[]",    "null",  "optimizer_weights"};
            std::string bytes;
            if (what == 5) {
                H5Tset_size(type, 24);
                for (hsize_t i = 0; i < count; ++i) {
                    std::string text = choices.of(texts);
                    text.resize(24, '\0');
                    bytes += text;
                }
            } else {
                bytes.assign(4096, static_cast<char>(choices.byte()));
            }
            const hid_t made = H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
            if (made >= 0) {
                if (H5Tdetect_class(type, H5T_VLEN) <= 0 && H5Tis_variable_str(type) <= 0 && what != 2)
                    H5Awrite(made, type, bytes.data());
                H5Aclose(made);
            }
            for (const hid_t id : {space, type})
                if (id >= 0) H5Idec_ref(id);
        }
    }
    H5Oclose(owner);
}

void change_once(hid_t file, Choices& choices) {
    const std::vector<Place> all = places(file);
    if (all.empty()) return;
    const Place& one = choices.of(all);
    const Place& other = choices.of(all);
    const std::string fresh = new_name(one.path, choices);
    switch (choices.below(11)) {
        case 0: H5Ldelete(file, one.path.c_str(), H5P_DEFAULT); break;
        case 1: H5Lmove(file, one.path.c_str(), file, fresh.c_str(), H5P_DEFAULT, H5P_DEFAULT); break;
        case 2: H5Ocopy(file, one.path.c_str(), file, fresh.c_str(), H5P_DEFAULT, H5P_DEFAULT); break;
        case 3:
            H5Lcreate_hard(file, other.path.c_str(), file, fresh.c_str(), H5P_DEFAULT, H5P_DEFAULT);
            break;  // also a parent: a circle
        case 4:
            H5Ldelete(file, one.path.c_str(), H5P_DEFAULT);
            H5Lcreate_soft(choices.one_in(2) ? one.path.c_str() : ("/" + other.path).c_str(), file, one.path.c_str(),
                           H5P_DEFAULT, H5P_DEFAULT);
            break;
        case 5:
            H5Ldelete(file, one.path.c_str(), H5P_DEFAULT);
            H5Lcreate_external(choices.one_in(2) ? "/etc/hostname" : "elsewhere.h5", "/x", file, one.path.c_str(),
                               H5P_DEFAULT, H5P_DEFAULT);
            break;
        case 6: {
            if (!one.is_group || choices.one_in(2)) H5Ldelete(file, one.path.c_str(), H5P_DEFAULT);
            const hid_t group =
                H5Gcreate2(file, (one.is_group ? fresh : one.path).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
            if (group >= 0) H5Gclose(group);
            break;
        }
        case 7:
        case 8:
            if (!one.is_group) replace_dataset(file, one.path, choices);
            break;
        default: change_attribute(file, choices.one_in(4) ? "." : one.path, choices);
    }
}

}  // namespace

void change_tree(const std::string& file, Choices& choices) {
    const data::Hdf5Quiet quiet;
    const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    if (id < 0) return;
    for (int times = 0; times < 8 && choices.left(); ++times) change_once(id, choices);
    H5Fclose(id);
}

}  // namespace weft::fuzz
