// The nearest known name.
#include "catch.hpp"

#include <weft/autograd/suggest.hpp>

using weft::suggest;

TEST_CASE("suggest: the nearest of the known names, if any is near") {
    const std::vector<std::string> known{"relu", "softmax", "sigmoid", "tanh"};
    CHECK(suggest("sofmax", known) == "Did you mean 'softmax'? Known: relu, softmax, sigmoid, tanh.");
    CHECK(suggest("RELU", known).find("'relu'") != std::string::npos);
    CHECK(suggest("tahn", known).find("'tanh'") != std::string::npos);  // neighbours exchanged count once
    CHECK(suggest("sigmiod", known).find("'sigmoid'") != std::string::npos);
    CHECK(suggest("convolution", known) == "Known: relu, softmax, sigmoid, tanh.");
    CHECK(suggest("", known) == "Known: relu, softmax, sigmoid, tanh.");
    CHECK(suggest("relu", {}) == "Known: .");
}
