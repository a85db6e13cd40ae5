// Each layer and option, in files that Keras 3 and tf_keras saved (tests/peers/exchange.py keep).
#include "../catch.hpp"
#include "../paths.hpp"
#include "../temporary_folder.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/data/hdf5_file.hpp>
#include <weft/data/zip_archive.hpp>
#include <weft/nn/nn.hpp>

using namespace weft;
using weft::testing::distance;

namespace {

Tensors tensors_of(const data::Hdf5Object& group) {
    Tensors tensors;
    for (std::size_t i = 0; i < group.names().size(); ++i) tensors.push_back(group.read(std::to_string(i)));
    return tensors;
}

}  // namespace

TEST_CASE("keras files: every layer and option that Keras 3 and tf_keras saved predicts the same", "[keras_files]") {
    if (!data::can_zip()) {
        WARN("skipped: built without libzip");
        return;
    }
    const testing::TemporaryFolder folder;
    const data::ZipReader archive(testing::source_path("tests/fixtures/exchange.zip"));
    for (const std::string& name : archive.names()) folder.write(name, archive.open(name).read());
    int models = 0;
    for (const std::string family : {"keras", "tf_keras"}) {
        const data::Hdf5Object reference = data::open_hdf5((folder / family / "reference.h5").string());
        for (const std::string& name : reference.names()) {
            if (name.starts_with("deep")) continue;
            INFO(family << ", " << name);
            const data::Hdf5Object group = reference.group(name);
            const Tensors inputs = tensors_of(group.group("input")), outputs = tensors_of(group.group("output"));
            nn::Model model = nn::load_model(
                (folder / family / (name + (family == "keras" ? ".whole.keras" : ".whole.h5"))).string());
            const NoGrad off_tape;
            const nn::ModeScope inference(false);
            const Tensors found = model(inputs);
            REQUIRE(found.size() == outputs.size());
            for (std::size_t i = 0; i < found.size(); ++i) CHECK(distance(found[i], outputs[i]) <= 1e-5);
            ++models;
        }
    }
    CHECK(models == 161);
}
