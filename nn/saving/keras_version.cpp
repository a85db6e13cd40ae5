#include <weft/nn/saving/keras_version.hpp>

#include <cstdio>

namespace weft::nn::saving {

KerasVersion::KerasVersion(const std::string& text) : tensorflow(text.find("-tf") != std::string::npos) {
    if (std::sscanf(text.c_str(), "%4d.%4d", &major, &minor) != 2 || major < 0 || minor < 0) major = minor = 0;
}

}  // namespace weft::nn::saving
