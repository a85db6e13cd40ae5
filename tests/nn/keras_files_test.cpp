// Files that Keras 1 to 3 wrote, found beside the data sets: each loads and predicts as Keras does, or says what it
// lacks.
#include "../catch.hpp"
#include "../environment.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/data/hdf5_file.hpp>
#include <weft/nn/nn.hpp>
#include <weft/nn/saving/model_file.hpp>

#include <cstdlib>
#include <filesystem>

using namespace weft;
using weft::testing::distance;
namespace fs = std::filesystem;

namespace {

fs::path folder_of_files() {
    const char* data = std::getenv("WEFT_DATA");
    return data ? fs::path(data).parent_path() / "h5" : fs::path();
}

Tensors predict_all(nn::Model& model, const Tensors& inputs) {
    const NoGrad off_tape;
    const nn::ModeScope inference(false);
    return model(inputs);
}

}  // namespace

TEST_CASE("keras files: each loads and predicts as Keras does, or names what is not supported", "[keras_files]") {
    const fs::path folder = folder_of_files();
    if (folder.empty() || !fs::is_directory(folder)) {
        WARN("skipped: there is no folder h5 beside WEFT_DATA");
        return;
    }
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".h5" || entry.path().extension() == ".keras") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    int compared = 0, refused = 0;
    for (const fs::path& path : paths) {
        INFO(path.filename().string());
        if (path.filename().string().find("inputs_and_outputs") != std::string::npos) {
            CHECK_THROWS_AS(nn::load_model(path.string()), FileError);
            continue;
        }
        const nn::ModelFileInfo info = nn::inspect_model_file(path.string());
        CHECK(!info.weights.empty() + (path.filename().string().find("leaky_relu") != std::string::npos));
        if (info.model_class.empty()) continue;
        try {
            nn::Model model = nn::load_model(path.string(), {.compile = false});
            const fs::path reference = folder / "ref" / (path.filename().string() + ".ref.h5");
            if (!fs::exists(reference)) continue;
            const data::Hdf5Object expected = data::open_hdf5(reference.string());
            Tensors inputs, outputs;
            for (int i = 0; expected.contains("input_" + std::to_string(i)); ++i)
                inputs.push_back(expected.read("input_" + std::to_string(i)));
            for (int i = 0; expected.contains("output_" + std::to_string(i)); ++i)
                outputs.push_back(expected.read("output_" + std::to_string(i)));
            const Tensors found = predict_all(model, inputs);
            REQUIRE(found.size() == outputs.size());
            for (std::size_t i = 0; i < found.size(); ++i) CHECK(distance(found[i], outputs[i]) <= 1e-5);
            ++compared;
        } catch (const Error& error) {
            WARN(path.filename().string() + " is refused: " + error.what());
            CHECK(std::string(error.what()).find("layer") != std::string::npos);
            ++refused;
        }
    }
    WARN(std::to_string(compared) + " files compared, " + std::to_string(refused) + " refused");
}
