// Model files that lead elsewhere, in circles, or hold something other than they claim: refused, naming file and
// object.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>

#include <hdf5.h>

#include <functional>

using namespace weft;
using weft::testing::contains;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::TemporaryFolder;

namespace {

nn::Sequential small_model() {
    return {nn::Linear(3, {.input_shape = {4}, .name = "first"}), nn::Linear(2, {.name = "second"})};
}

// A layout, and where in it the first layer and its kernel lie.
struct Layout {
    std::string name, layer, kernel;
};
const std::vector<Layout> layouts{{"whole.h5", "model_weights/first", "model_weights/first/first/kernel:0"},
                                  {"legacy.h5", "first", "first/first/kernel:0"},
                                  {"v3.weights.h5", "layers/dense", "layers/dense/vars/0"}};

using Edit = std::function<void(hid_t file, const char* path)>;

// What is at that place in a sound file is removed, and something else put there.
void edit(const std::string& file, const std::string& path, const Edit& put) {
    const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    REQUIRE(id >= 0);
    REQUIRE(H5Ldelete(id, path.c_str(), H5P_DEFAULT) >= 0);
    put(id, path.c_str());
    REQUIRE(H5Fclose(id) >= 0);
}

void put_dataset(hid_t file, const char* path, hid_t type, const std::vector<hsize_t>& sizes,
                 const std::function<void(hid_t plan)>& plan_it = {}) {
    const hid_t plan = H5Pcreate(H5P_DATASET_CREATE),
                space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    if (plan_it) plan_it(plan);
    const hid_t made = H5Dcreate2(file, path, type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    REQUIRE(made >= 0);
    H5Dclose(made);
    H5Sclose(space);
    H5Pclose(plan);
}

}  // namespace

TEST_CASE("model files: links, packings and claims that lead elsewhere are refused by name", "[hostile]") {
    const std::vector<hsize_t> kernel{4, 3};
    struct Case {
        const char* what;
        bool of_layer;  // else of the kernel
        Edit put;
        const char* says;
    };
    const std::vector<Case> cases{
        {"external link for a layer", true,
         [](hid_t file, const char* path) {
             H5Lcreate_external("/etc/hostname", "/x", file, path, H5P_DEFAULT, H5P_DEFAULT);
         },
         "not followed"},
        {"external link for a weight", false,
         [](hid_t file, const char* path) {
             H5Lcreate_external("other.h5", "/x", file, path, H5P_DEFAULT, H5P_DEFAULT);
         },
         "not followed"},
        {"soft link to itself", false,
         [](hid_t file, const char* path) {
             H5Lcreate_soft(("/" + std::string(path)).c_str(), file, path, H5P_DEFAULT, H5P_DEFAULT);
         },
         "not followed"},
        {"soft link in a circle", true,
         [](hid_t file, const char* path) {
             H5Lcreate_soft("/there", file, path, H5P_DEFAULT, H5P_DEFAULT);
             H5Lcreate_soft(("/" + std::string(path)).c_str(), file, "there", H5P_DEFAULT, H5P_DEFAULT);
         },
         "not followed"},
        {"virtual dataset", false,
         [&](hid_t file, const char* path) {
             put_dataset(file, path, H5T_IEEE_F32LE, kernel, [&](hid_t plan) {
                 const hid_t space = H5Screate_simple(2, kernel.data(), nullptr);
                 H5Pset_virtual(plan, space, "other.h5", "/x", space);
                 H5Sclose(space);
             });
         },
         "another file"},
        {"external storage", false,
         [&](hid_t file, const char* path) {
             put_dataset(file, path, H5T_IEEE_F32LE, kernel,
                         [](hid_t plan) { H5Pset_external(plan, "/etc/passwd", 0, 48); });
         },
         "another file"},
        {"object references", false,
         [&](hid_t file, const char* path) { put_dataset(file, path, H5T_STD_REF_OBJ, kernel); }, "references"},
        {"region references", false,
         [&](hid_t file, const char* path) { put_dataset(file, path, H5T_STD_REF_DSETREG, kernel); }, "references"},
        {"lists of varying length", false,
         [&](hid_t file, const char* path) {
             const hid_t type = H5Tvlen_create(H5T_IEEE_F32LE);
             put_dataset(file, path, type, kernel);
             H5Tclose(type);
         },
         "varying length"},
        {"filter plug-in", false,
         [&](hid_t file, const char* path) {
             put_dataset(file, path, H5T_IEEE_F32LE, kernel, [&](hid_t plan) {
                 H5Pset_chunk(plan, 2, kernel.data());
                 H5Pset_filter(plan, 32004, H5Z_FLAG_OPTIONAL, 0, nullptr);
             });
         },
         "filter 32004"},
        {"never written", false,
         [&](hid_t file, const char* path) {
             put_dataset(file, path, H5T_IEEE_F32LE, kernel, [&](hid_t plan) { H5Pset_chunk(plan, 2, kernel.data()); });
         },
         "the file holds 0"},
        {"four terabytes", false,
         [](hid_t file, const char* path) {
             put_dataset(file, path, H5T_IEEE_F32LE, {1 << 20, 1 << 20});
         },
         "claims"},
        {"more elements than can be counted", false,
         [](hid_t file, const char* path) {
             put_dataset(file, path, H5T_IEEE_F32LE, {hsize_t{1} << 31, hsize_t{1} << 31, 4}, [](hid_t plan) {
                 const hsize_t chunk[]{1, 1, 1};
                 H5Pset_chunk(plan, 3, chunk);
             });
         },
         "claims"},
        {"a dataset for a group", true,
         [&](hid_t file, const char* path) { put_dataset(file, path, H5T_IEEE_F32LE, kernel); }, ""},
        {"a group for a dataset", false,
         [](hid_t file, const char* path) { H5Gclose(H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)); },
         ""},
    };
    const TemporaryFolder folder;
    const nn::Sequential sound = small_model();
    for (const Layout& layout : layouts)
        for (const Case& one : cases) {
            INFO(layout.name << ": " << one.what);
            const std::string file = (folder / layout.name).string();
            if (layout.name == "whole.h5") sound.save(file);
            else sound.save_weights(file);
            edit(file, one.of_layer ? layout.layer : layout.kernel, one.put);
            const std::string object = one.of_layer && layout.name == "v3.weights.h5" ? "layers/dense"
                                       : one.of_layer                                 ? "first"
                                                      : layout.kernel.substr(layout.kernel.rfind('/') + 1);
            nn::Sequential model = small_model();
            const Tensor before = model.parameters()[0].detach() + 0;
            std::vector<std::function<void()>> readers{[&] { model.load_weights(file); }};
            if (layout.name == "whole.h5") readers.push_back([&] { nn::load_model(file); });
            for (const auto& read : readers) {
                const std::string text = error_of<FileError>(read);
                CHECK_THAT(text, contains(file));
                CHECK_THAT(text, contains(object));
                if (!one.of_layer || layout.name != "v3.weights.h5")
                    CHECK_THAT(text, contains(one.says));  // there it is not found
            }
            CHECK(distance(model.parameters()[0], before) == 0);
            // Whoever only looks must come back, with what is there or with an error of weft's.
            try {
                nn::read_saved_weights(file);
                nn::inspect_model_file(file);
            } catch (const FileError&) {
            }
        }
}

TEST_CASE("model files: groups linked in circles end", "[hostile]") {
    const TemporaryFolder folder;
    for (const Layout& layout : layouts) {
        INFO(layout.name);
        const std::string file = (folder / layout.name).string();
        const nn::Sequential sound = small_model();
        if (layout.name == "whole.h5") sound.save(file);
        else sound.save_weights(file);
        const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
        REQUIRE(H5Lcreate_hard(id, layout.layer.c_str(), id, (layout.layer + "/again").c_str(), H5P_DEFAULT,
                               H5P_DEFAULT) >= 0);
        REQUIRE(H5Lcreate_hard(id, "/", id, (layout.layer + "/root").c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0);
        H5Fclose(id);
        CHECK(nn::read_saved_weights(file).size() == 4);
        CHECK(nn::inspect_model_file(file).weights.size() == 4);
        nn::Sequential model = small_model();
        model.load_weights(file);
        CHECK(distance(model.parameters()[0], sound.parameters()[0]) == 0);
    }
}

TEST_CASE("model files: what cannot be unpacked leaves the model as it was", "[hostile]") {
    const TemporaryFolder folder;
    const std::string file = (folder / "packed.weights.h5").string();
    nn::Sequential model = small_model();
    model.save_weights(file);
    const std::vector<hsize_t> sizes{3, 2};
    // The last weight to be read has a checksum, and a byte that does not agree with it.
    edit(file, "layers/dense_1/vars/0", [&](hid_t id, const char* path) {
        const hid_t plan = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, sizes.data(), nullptr);
        H5Pset_chunk(plan, 2, sizes.data());
        H5Pset_fletcher32(plan);
        const hid_t made = H5Dcreate2(id, path, H5T_IEEE_F32LE, space, H5P_DEFAULT, plan, H5P_DEFAULT);
        const std::vector<std::uint32_t> chunk(7, 0x3f800000);  // six numbers, and where the checksum belongs
        const hsize_t first[]{0, 0};
        REQUIRE(H5Dwrite_chunk(made, H5P_DEFAULT, 0, first, 28, chunk.data()) >= 0);
        H5Dclose(made);
        H5Sclose(space);
        H5Pclose(plan);
    });
    const Tensor before = model.parameters()[0].detach() + 1;
    model.parameters()[0].assign(before);
    CHECK_THAT(error_of<FileError>([&] { model.load_weights(file); }),
               contains("layers/dense_1/vars/0: reading failed"));
    CHECK(distance(model.parameters()[0], before) == 0);
}
