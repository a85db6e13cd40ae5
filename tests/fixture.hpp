// Reads the numbers that real libraries computed (tests/fixtures): plain vectors, nothing of weft's own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft::testing {

/// A dataset: its shape and its values in row-major order; integers too come as double.
struct Values {
    std::vector<std::int64_t> shape;
    std::vector<double> data;
    bool integer = false;
};

/// One file, such as Fixture("layers"). Paths are "case/dataset"; everything throws std::runtime_error that names the
/// file and the path if there is no such thing.
class Fixture {
public:
    explicit Fixture(const std::string& name);

    bool has(const std::string& path) const;
    /// The names in a group, sorted; numbers (weights/0, weights/1, ...) by value.
    std::vector<std::string> names(const std::string& group = "/") const;
    Values values(const std::string& path) const;
    /// All datasets of a group of numbered ones; none if there is no such group.
    std::vector<Values> list(const std::string& group) const;
    /// A string attribute of a group.
    std::string text(const std::string& path, const std::string& attribute) const;

private:
    std::string name_;
    std::shared_ptr<void> file_;
    std::int64_t id() const;
};

}  // namespace weft::testing
