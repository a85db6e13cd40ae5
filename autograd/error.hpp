// What weft throws. Every text says where, the rule, what came, and what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace weft {

/// The base of everything weft throws.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Shapes, ranks or lengths that do not fit each other.
class ShapeError : public Error {
    using Error::Error;
};

/// An element type that an operation does not take.
class DTypeError : public Error {
    using Error::Error;
};

/// A value, name or option that is not allowed.
class ValueError : public Error {
    using Error::Error;
};

/// An index outside its axis.
class IndexError : public ValueError {
    using ValueError::ValueError;
};

/// A derivative that cannot be had: no path, a freed graph, a value changed since it was saved.
class GraphError : public Error {
    using Error::Error;
};

/// A loss or gradient that is NaN or infinite.
class NotFiniteError : public Error {
    using Error::Error;
};

/// A file that is missing, damaged, not what it should be, or cannot be written.
class FileError : public Error {
    using Error::Error;
};

}  // namespace weft
