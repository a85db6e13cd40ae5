// Which Keras wrote a file, and what follows from that.
#pragma once

#include <string>

namespace weft::nn::saving {

/// "2.1.6-tf" and the like; 0.0 where a file does not say.
struct KerasVersion {
    int major = 0, minor = 0;
    bool tensorflow = false;  ///< tf.keras, where the number alone does not tell it

    KerasVersion() = default;
    explicit KerasVersion(const std::string& text);

    bool known() const { return major > 0; }
    bool at_least(int wanted_major, int wanted_minor) const {
        return major > wanted_major || (major == wanted_major && minor >= wanted_minor);
    }
    /// Keras 1, and Keras 2 before it was TensorFlow's: other optimizers, other defaults.
    bool standalone() const { return !tensorflow && !at_least(2, 4); }
};

/// Who wrote a file.
struct Writer {
    KerasVersion version;
    std::string backend;  ///< "theano" convolves with flipped kernels; "" if the file does not say
};

}  // namespace weft::nn::saving
