#include <weft/data/gzip.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/data/hdf5_handle.hpp>

#include <fmt/core.h>
#include <hdf5.h>

#include <algorithm>
#include <utility>

namespace weft::data {
namespace {

constexpr std::size_t chunk_bytes = 1 << 20;             // of chunks that nobody gave a size
constexpr std::size_t piece_bytes = 4 << 20;             // read at once where nothing is kept
constexpr std::size_t most_chunk_bytes = 0xffff'ffff;    // HDF5's own limit

Shape shape_of_dataset(hid_t dataset, const std::string& where) {
    const Hdf5Handle space(H5Dget_space(dataset), where, "reading a shape");
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > Shape::max_rank || H5Sget_simple_extent_type(space) == H5S_NULL)
        throw FileError(
            fmt::format("{}: a dataset of {} axes is not supported (at most {})", where, rank, Shape::max_rank));
    hsize_t sizes[Shape::max_rank] = {};
    H5Sget_simple_extent_dims(space, sizes, nullptr);
    Shape shape;
    std::size_t elements = 1;
    for (int i = 0; i < rank; ++i) {
        if (__builtin_mul_overflow(elements, static_cast<std::size_t>(sizes[i]), &elements) ||
            elements > (std::size_t{1} << 56))
            throw FileError(fmt::format("{}: its shape claims more elements than any file holds", where));
        shape.push_back(static_cast<std::int64_t>(sizes[i]));
    }
    return shape;
}

// Whether an enumeration is what h5py writes for booleans: FALSE = 0, TRUE = 1, of one byte.
bool is_boolean(hid_t type) {
    signed char no = -1, yes = -1;
    return H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 && H5Tenum_valueof(type, "FALSE", &no) >= 0 &&
           H5Tenum_valueof(type, "TRUE", &yes) >= 0 && no == 0 && yes == 1;
}

const char* name_of(H5T_class_t kind) {
    switch (kind) {
        case H5T_STRING: return "text";
        case H5T_BITFIELD: return "bit fields";
        case H5T_OPAQUE: return "opaque bytes";
        case H5T_COMPOUND: return "records";
        case H5T_REFERENCE: return "references";
        case H5T_ENUM: return "an enumeration";
        case H5T_VLEN: return "lists of varying length";
        case H5T_ARRAY: return "arrays";
        case H5T_TIME: return "times";
        default: return "something else";
    }
}

// What the elements become.
DType dtype_of_dataset(hid_t type, const std::string& where) {
    const H5T_class_t kind = H5Tget_class(type);
    const std::size_t size = H5Tget_size(type);
    if (kind == H5T_ENUM && is_boolean(type)) return boolean;
    if (kind != H5T_FLOAT && kind != H5T_INTEGER)
        throw FileError(fmt::format("{}: expects numbers; the dataset holds {}", where, name_of(kind)));
    if (size > 8)
        throw FileError(fmt::format("{}: numbers of {} bytes are not supported (at most 8)", where, size));
    if (kind == H5T_FLOAT) return size > 4 ? float64 : float32;
    return size == 1 && H5Tget_sign(type) == H5T_SGN_NONE ? uint8 : int64;
}

// Whether elements are compressed. Throws for filters other than HDF5's own lossless ones, of which one compresses.
bool compressed(hid_t creation, const std::string& where) {
    int deflates = 0;
    const int count = H5Pget_nfilters(creation);
    for (int i = 0; i < count; ++i) {
        unsigned flags = 0, config = 0;
        std::size_t values = 0;
        char name[64] = {};
        const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr,
                                                   sizeof name - 1, name, &config);
        deflates += filter == H5Z_FILTER_DEFLATE;
        if ((filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) ||
            deflates > 1)
            throw FileError(fmt::format(
                "{}: its elements are packed by filter {} ({}); only gzip (once), shuffle and fletcher32 are read. "
                "Write the file anew with one of these, e.g. h5repack -f GZIP=4.",
                where, filter, name));
    }
    return deflates > 0;
}

// The elements must lie in this file, and the file must hold as many bytes as the shape and the chunks claim;
// compressed ones are within a factor that deflate cannot exceed. Returns the first axis of a chunk, or 0.
std::int64_t check_layout(const Hdf5Object& object, std::size_t item, const Shape& shape) {
    const std::string where = object.where();
    const Hdf5Handle creation(H5Dget_create_plist(object.id()), where, "reading the layout");
    const H5D_layout_t layout = H5Pget_layout(creation);
    if (layout == H5D_VIRTUAL || H5Pget_external_count(creation) > 0)
        throw FileError(fmt::format("{}: its elements lie in another file, which is not followed", where));
    hsize_t chunk[Shape::max_rank + 1] = {};
    if (layout == H5D_CHUNKED && H5Pget_chunk(creation, Shape::max_rank, chunk) != shape.rank())
        throw FileError(fmt::format("{}: its chunks have other axes than the dataset", where));
    const Hdf5Handle file(H5Iget_file_id(object.id()), where, "reading the file's size");
    hsize_t size = 0;
    check_hdf5(H5Fget_filesize(file, &size), where, "reading the file's size");
    const std::size_t stored = std::min<std::size_t>(H5Dget_storage_size(object.id()), size);
    const bool packed = compressed(creation, where);
    const auto check = [&](std::size_t claimed, const char* what) {
        if (claimed / (packed ? greatest_deflate_ratio : 1) > stored)
            throw FileError(fmt::format(
                "{}: {} claims {} bytes, but the file holds {} for it{}", where, what, claimed, stored,
                packed ? fmt::format(", and gzip packs no more than {} into one", greatest_deflate_ratio) : ""));
    };
    const std::size_t bytes = static_cast<std::size_t>(shape.elements()) * item;
    if (bytes == 0) return static_cast<std::int64_t>(chunk[0]);
    check(bytes, "its shape");
    if (layout == H5D_CHUNKED) {
        std::size_t piece = item;
        for (int i = 0; i < shape.rank(); ++i)
            if (__builtin_mul_overflow(piece, static_cast<std::size_t>(chunk[i]), &piece)) piece = SIZE_MAX;
        check(piece, "a chunk");
    }
    return static_cast<std::int64_t>(chunk[0]);
}

hid_t memory_type(DType dtype) {
    switch (dtype) {
        case DType::float64: return H5T_NATIVE_DOUBLE;
        case DType::float32: return H5T_NATIVE_FLOAT;
        case DType::int64: return H5T_NATIVE_INT64;
        default: return H5T_NATIVE_UINT8;
    }
}

hid_t file_type(DType dtype) {
    switch (dtype) {
        case DType::float64: return H5T_IEEE_F64LE;
        case DType::float32: return H5T_IEEE_F32LE;
        case DType::int64: return H5T_STD_I64LE;
        default: return H5T_STD_U8LE;
    }
}

// h5py's type for booleans.
hid_t boolean_type() {
    const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    const signed char no = 0, yes = 1;
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

// How a tensor is to be laid out: in one piece, or in chunks of whole positions of the first axis.
void plan_chunks(hid_t creation, const Tensor& value, const Hdf5Layout& layout, const std::string& where) {
    if (layout.chunk_rows < 0)
        throw ValueError(fmt::format("{}: chunk_rows must not be negative; received {}", where, layout.chunk_rows));
    if (layout.compression < 0 || layout.compression > 9)
        throw ValueError(
            fmt::format("{}: compression must be between 0 (none) and 9; received {}", where, layout.compression));
    if (value.rank() == 0 || value.elements() == 0 || (layout.chunk_rows == 0 && layout.compression == 0)) return;
    const std::size_t row = value.data().bytes() / static_cast<std::size_t>(value.shape(0));
    const std::int64_t wanted =
        layout.chunk_rows ? layout.chunk_rows : static_cast<std::int64_t>(std::max<std::size_t>(chunk_bytes / row, 1));
    const std::int64_t rows = std::min(wanted, value.shape(0));
    if (row > most_chunk_bytes / static_cast<std::size_t>(rows))
        throw ValueError(fmt::format(
            "{}: a chunk of {} rows of {} bytes is beyond HDF5's 4 GiB. Give a smaller chunk_rows.", where, rows, row));
    hsize_t sizes[Shape::max_rank];
    std::copy(value.shape().begin(), value.shape().end(), sizes);
    sizes[0] = static_cast<hsize_t>(rows);
    check_hdf5(H5Pset_chunk(creation, value.rank(), sizes), where, "planning chunks");
    if (layout.compression == 0) return;
    check_hdf5(H5Pset_shuffle(creation), where, "planning compression");
    check_hdf5(H5Pset_deflate(creation, static_cast<unsigned>(layout.compression)), where, "planning compression");
}

}  // namespace

Hdf5Dataset::Hdf5Dataset(Hdf5Object object) : object_(std::move(object)) {
    const Hdf5Handle type(H5Dget_type(object_.id()), where(), "reading the type");
    dtype_ = dtype_of_dataset(type, where());
    unsigned64_ = dtype_ == int64 && H5Tget_size(type) == 8 && H5Tget_sign(type) == H5T_SGN_NONE;
    shape_ = shape_of_dataset(object_.id(), where());
    chunk_rows_ = check_layout(object_, H5Tget_size(type), shape_);
}

Tensor Hdf5Dataset::read_selected(const Shape& shape, std::int64_t memory, std::int64_t file) const {
    Array result(shape, dtype_);
    if (result.elements() == 0) return Tensor(std::move(result));
    const Hdf5Handle type(dtype_ == boolean ? boolean_type()
                          : unsigned64_     ? H5Tcopy(H5T_NATIVE_UINT64)
                                            : H5Tcopy(memory_type(dtype_)),
                          where(), "reading");
    check_hdf5(H5Dread(object_.id(), type, memory, file, H5P_DEFAULT, result.data<std::byte>()), where(), "reading");
    if (dtype_ == boolean)
        for (std::int64_t i = 0; i < result.elements(); ++i)
            result.data<std::uint8_t>()[i] = result.data<std::uint8_t>()[i] != 0;
    if (unsigned64_)
        for (std::int64_t i = 0; i < result.elements(); ++i)
            if (result.data<std::int64_t>()[i] < 0)
                throw FileError(fmt::format("{}: element {} is {}, more than int64 holds", where(), i,
                                            static_cast<std::uint64_t>(result.data<std::int64_t>()[i])));
    return Tensor(std::move(result));
}

Tensor Hdf5Dataset::read() const {
    const Hdf5Quiet quiet;
    return read_selected(shape_, H5S_ALL, H5S_ALL);
}

void Hdf5Dataset::check_target(const Tensor& target) const {
    if (target.shape() != shape_)
        throw ShapeError(
            fmt::format("{}: its shape is {}; it cannot be read into {}", where(), str(shape_), describe(target)));
    if (dtype_ == boolean || (target.dtype() != int64 && !is_floating(target.dtype())))
        throw DTypeError(fmt::format("{}: {} cannot be read into {}", where(), name(dtype_), describe(target)));
}

void Hdf5Dataset::read_into(const Tensor& target) const {
    const Hdf5Quiet quiet;
    check_target(target);
    if (shape_.elements() == 0) return;
    Array& array = target.impl()->array;
    check_hdf5(
        H5Dread(object_.id(), memory_type(target.dtype()), H5S_ALL, H5S_ALL, H5P_DEFAULT, array.data<std::byte>()),
        where(), "reading");
    array.changed();
}

void Hdf5Dataset::try_read_into(const Tensor& target) const {
    const Hdf5Quiet quiet;
    check_target(target);
    if (shape_.elements() == 0) return;
    // Whole chunks, since each part of one costs unpacking all of it; rows of a dataset in one piece as they come.
    const std::int64_t rows = shape_.empty() ? 1 : shape_.front();
    const std::size_t row = target.data().bytes() / static_cast<std::size_t>(rows);
    const auto fitting = static_cast<std::int64_t>(std::max<std::size_t>(piece_bytes / row, 1));
    const std::int64_t step =
        std::min(rows, chunk_rows_ > 0 ? (fitting + chunk_rows_ - 1) / chunk_rows_ * chunk_rows_ : fitting);
    Array piece({step, static_cast<std::int64_t>(row)}, uint8);
    const Hdf5Handle file(H5Dget_space(object_.id()), where(), "reading");
    for (std::int64_t begin = 0; begin < rows; begin += step) {
        hsize_t sizes[Shape::max_rank], offset[Shape::max_rank] = {static_cast<hsize_t>(begin)};
        std::copy(shape_.begin(), shape_.end(), sizes);
        if (!shape_.empty()) sizes[0] = static_cast<hsize_t>(std::min(step, rows - begin));
        const Hdf5Handle memory(
            shape_.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(shape_.rank(), sizes, nullptr), where(),
            "reading");
        if (!shape_.empty())
            check_hdf5(H5Sselect_hyperslab(file, H5S_SELECT_SET, offset, nullptr, sizes, nullptr), where(), "reading");
        check_hdf5(
            H5Dread(object_.id(), memory_type(target.dtype()), memory, file, H5P_DEFAULT, piece.data<std::byte>()),
            where(), "reading");
    }
}

Tensor Hdf5Dataset::read(std::int64_t begin, std::int64_t end) const {
    const Hdf5Quiet quiet;
    if (shape_.empty()) throw ShapeError(fmt::format("{}: holds a single number, which has no rows", where()));
    if (begin < 0 || begin > end || end > shape_.front())
        throw IndexError(
            fmt::format("{}: rows {} to {} are not all there; its shape is {}", where(), begin, end, str(shape_)));
    Shape shape = shape_;
    shape[0] = end - begin;
    hsize_t sizes[Shape::max_rank], offset[Shape::max_rank] = {static_cast<hsize_t>(begin)};
    std::copy(shape.begin(), shape.end(), sizes);
    const Hdf5Handle memory(H5Screate_simple(shape.rank(), sizes, nullptr), where(), "choosing rows");
    const Hdf5Handle file(H5Dget_space(object_.id()), where(), "choosing rows");
    if (shape.elements() > 0)
        check_hdf5(H5Sselect_hyperslab(file, H5S_SELECT_SET, offset, nullptr, sizes, nullptr), where(),
                   "choosing rows");
    return read_selected(shape, memory, file);
}

Hdf5Dataset Hdf5Object::dataset(const std::string& name) const {
    const Hdf5Quiet quiet;
    return Hdf5Dataset(open(name, true));
}

Shape Hdf5Object::shape_of(const std::string& name) const {
    const Hdf5Quiet quiet;
    const Hdf5Object dataset = open(name, true);
    return shape_of_dataset(dataset.id(), dataset.where());
}

Tensor Hdf5Object::read(const std::string& name) const { return dataset(name).read(); }

void Hdf5Object::write(const std::string& name, const Tensor& value, const Hdf5Layout& layout) const {
    const Hdf5Quiet quiet;
    hsize_t sizes[Shape::max_rank];
    std::copy(value.shape().begin(), value.shape().end(), sizes);
    const std::string place = fmt::format("{}, {}/{}", file_, path_, name);
    const Hdf5Handle space(value.rank() == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(value.rank(), sizes, nullptr),
                           place, "writing");
    const Hdf5Handle plan(H5Pcreate(H5P_LINK_CREATE), place, "writing");
    H5Pset_create_intermediate_group(plan, 1);
    const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), place, "writing");
    plan_chunks(creation, value, layout, place);
    const bool flags = value.dtype() == boolean;
    const Hdf5Handle stored(flags ? boolean_type() : H5Tcopy(file_type(value.dtype())), place, "writing");
    const Hdf5Handle type(flags ? boolean_type() : H5Tcopy(memory_type(value.dtype())), place, "writing");
    const Hdf5Handle dataset(H5Dcreate2(id(), name.c_str(), stored, space, plan, creation, H5P_DEFAULT), place,
                             "writing");
    if (value.elements() > 0)
        check_hdf5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data().data<std::byte>()), place,
                   "writing");
}

}  // namespace weft::data
