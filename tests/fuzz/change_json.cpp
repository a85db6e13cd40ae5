#include "changes.hpp"

#include <iterator>

namespace weft::fuzz {
namespace {

using nlohmann::json;

// Every place of a value that can be changed.
void places(json& value, std::vector<json*>& found) {
    found.push_back(&value);
    if (value.is_structured())
        for (json& inner : value) places(inner, found);
}

json strange_value(Choices& choices) {
    static const json values = json::array({nullptr,
                                            true,
                                            false,
                                            0,
                                            1,
                                            -1,
                                            2,
                                            3,
                                            7,
                                            65536,
                                            2147483647,
                                            1e9,
                                            9.3e18,
                                            -9.3e18,
                                            0.5,
                                            1e-300,
                                            1e300,
                                            "",
                                            "relu",
                                            "valid",
                                            "same",
                                            "causal",
                                            "channels_first",
                                            "channels_last",
                                            "linear",
                                            "sum",
                                            "concat",
                                            "bilinear",
                                            "float16",
                                            "float64",
                                            "int64",
                                            "adam",
                                            "mse",
                                            "accuracy",
                                            "dense",
                                            json::array(),
                                            json::object(),
                                            {0, 0},
                                            {1, 2},
                                            {-1, 3},
                                            {{1, 2}, {3, 4}},
                                            {"dense", 0, 0},
                                            {nullptr, 3},
                                            {1, 2, 3, 4, 5, 6, 7, 8, 9},
                                            {{"class_name", "Dense"}, {"config", {{"units", 3}}}}});
    return choices.of(values);
}

std::string some_key(const json& object, Choices& choices) {
    return std::next(object.begin(), static_cast<std::ptrdiff_t>(choices.below(object.size()))).key();
}

}  // namespace

void change_json(json& config, Choices& choices) {
    for (int times = 0; times < 8 && choices.left(); ++times) {
        std::vector<json*> all;
        places(config, all);
        json& one = *choices.of(all);
        switch (choices.below(6)) {
            case 0: one = strange_value(choices); break;
            case 1: {
                json other = *choices.of(all);
                one = std::move(other);
                break;
            }
            case 2:
                if (one.is_object() && !one.empty()) one.erase(some_key(one, choices));
                else if (one.is_array() && !one.empty()) one.erase(choices.below(one.size()));
                break;
            case 3:
                if (one.is_array() && !one.empty() && one.size() < 1000) one.push_back(json(choices.of(one)));
                else if (one.is_number_integer())
                    one = one.get<std::int64_t>() % 1'000'000'000 + static_cast<std::int64_t>(choices.below(5)) - 2;
                else if (one.is_boolean()) one = !one.get<bool>();
                else if (one.is_string()) one = one.get<std::string>() + static_cast<char>(choices.byte() % 128);
                break;
            case 4:
                if (one.is_object() && !one.empty()) one[some_key(one, choices)] = strange_value(choices);
                break;
            default:
                if (one.is_object() && !one.empty()) {
                    static const std::vector<std::string> keys{
                        "axis", "units", "batch_shape", "batch_input_shape", "dilation_rate", "groups", "layer",
                        "name", "dtype", "shared_axes", "backward_layer",    "rate",          "decay",  "clipnorm"};
                    one[choices.of(keys)] = strange_value(choices);
                }
        }
    }
}

}  // namespace weft::fuzz
