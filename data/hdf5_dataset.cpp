// Hdf5Object's datasets: shapes, elements, and what is believed of a file's claims.
#include <weft/data/hdf5_file.hpp>
#include <weft/data/hdf5_handle.hpp>

#include <fmt/core.h>
#include <hdf5.h>

#include <algorithm>

namespace weft::data {
namespace {

// Bytes of a contiguous or chunked dataset must be there for what its shape claims (compressed ones are within a
// factor that deflate cannot exceed).
void check_size(hid_t dataset, std::size_t claimed, const std::string& where) {
    if (claimed == 0) return;
    const Hdf5Handle creation(H5Dget_create_plist(dataset), where, "reading the layout");
    const std::size_t stored = H5Dget_storage_size(dataset);
    const H5D_layout_t layout = H5Pget_layout(creation);
    if (layout == H5D_VIRTUAL || H5Pget_external_count(creation) > 0)
        throw FileError(fmt::format("{}: its elements lie in another file, which is not followed", where));
    const std::size_t most = layout == H5D_CHUNKED ? 1100 : 1;
    if (claimed / most > stored)
        throw FileError(fmt::format("{}: it claims {} bytes, but the file holds {}", where, claimed, stored));
}

Shape shape_of_dataset(hid_t dataset, const std::string& where) {
    const Hdf5Handle space(H5Dget_space(dataset), where, "reading a shape");
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > Shape::max_rank || H5Sget_simple_extent_type(space) == H5S_NULL)
        throw FileError(fmt::format("{}: a dataset of {} axes is not supported (at most {})", where, rank, Shape::max_rank));
    hsize_t sizes[Shape::max_rank] = {};
    H5Sget_simple_extent_dims(space, sizes, nullptr);
    Shape shape;
    std::size_t elements = 1;
    for (int i = 0; i < rank; ++i) {
        if (__builtin_mul_overflow(elements, static_cast<std::size_t>(sizes[i]), &elements) || elements > (std::size_t{1} << 56))
            throw FileError(fmt::format("{}: its shape claims more elements than any file holds", where));
        shape.push_back(static_cast<std::int64_t>(sizes[i]));
    }
    return shape;
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

}  // namespace

Shape Hdf5Object::shape_of(const std::string& name) const {
    const Hdf5Quiet quiet;
    const Hdf5Object dataset = open(name, true);
    return shape_of_dataset(dataset.id(), dataset.where());
}

Tensor Hdf5Object::read(const std::string& name) const {
    const Hdf5Quiet quiet;
    const Hdf5Object dataset = open(name, true);
    const Hdf5Handle type(H5Dget_type(dataset.id()), dataset.where(), "reading the type");
    const H5T_class_t kind = H5Tget_class(type);
    const std::size_t size = H5Tget_size(type);
    if (kind != H5T_FLOAT && kind != H5T_INTEGER)
        throw FileError(fmt::format("{}: expects numbers; the dataset holds something else", dataset.where()));
    const DType dtype = kind == H5T_FLOAT ? (size > 4 ? float64 : float32) : size == 1 && H5Tget_sign(type) == H5T_SGN_NONE ? uint8 : int64;
    const Shape shape = shape_of_dataset(dataset.id(), dataset.where());
    check_size(dataset.id(), static_cast<std::size_t>(shape.elements()) * size, dataset.where());
    Array result(shape, dtype);
    if (shape.elements() > 0)
        check_hdf5(H5Dread(dataset.id(), memory_type(dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, result.data<std::byte>()), dataset.where(), "reading");
    return Tensor(std::move(result));
}

void Hdf5Object::write(const std::string& name, const Tensor& value) const {
    const Hdf5Quiet quiet;
    hsize_t sizes[Shape::max_rank];
    std::copy(value.shape().begin(), value.shape().end(), sizes);
    const std::string place = fmt::format("{}, {}/{}", file_, path_, name);
    const Hdf5Handle space(value.rank() == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(value.rank(), sizes, nullptr), place, "writing");
    const Hdf5Handle plan(H5Pcreate(H5P_LINK_CREATE), place, "writing");
    H5Pset_create_intermediate_group(plan, 1);
    const Hdf5Handle dataset(H5Dcreate2(id(), name.c_str(), file_type(value.dtype()), space, plan, H5P_DEFAULT, H5P_DEFAULT), place, "writing");
    if (value.elements() > 0)
        check_hdf5(H5Dwrite(dataset, memory_type(value.dtype()), H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data().data<std::byte>()), place, "writing");
}

}  // namespace weft::data
