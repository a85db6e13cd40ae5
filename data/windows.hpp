// Windows over one long sequence, gathered batch by batch: a Loader's samples.
#pragma once

#include <weft/data/samples.hpp>

#include <cstdint>

namespace weft::data {

struct TokenWindowOptions {
    std::int64_t stride = 0;  ///< from one window's start to the next one's; 0: the length, so that they do not overlap
    /// Into how many parts of equal size the corpus is cut. Windows come in turn from each: in a batch of as many
    /// windows, not shuffled, each goes on where the same one of the batch before ended, as a stateful layer wants it.
    std::int64_t lanes = 1;
};

/// Windows of a corpus of tokens [n, ...], and what follows each token: sample i is x = tokens[s .. s + length) and
/// y = tokens[s + 1 .. s + length + 1), with s = i * stride if there is one lane. Throws ShapeError for a corpus too
/// short for a window in each lane, ValueError for options out of range.
Samples token_windows(const Tensor& tokens, std::int64_t length, const TokenWindowOptions& options = {});

struct TimeseriesOptions {
    std::int64_t sequence_stride = 1;  ///< from one window's start to the next one's
    std::int64_t sampling_rate = 1;    ///< from one step of a window to the next one
    std::int64_t start_index = 0;      ///< of the data that are used, as `end_index`, which is not itself used
    std::int64_t end_index = None;     ///< None: the data's end
};

/// Windows of a series [n, ...], as Keras's timeseries_dataset_from_array makes them: sample i begins at
/// s = start_index + i * sequence_stride and is {data[s], data[s + sampling_rate], ...} of `sequence_length` steps,
/// with targets[s]; without it if `targets` is undefined. One step ahead: targets = data[sequence_length ..]. Throws
/// ShapeError for data or targets too short for one window, ValueError for options out of range.
Samples timeseries_windows(const Tensor& data, const Tensor& targets, std::int64_t sequence_length,
                           const TimeseriesOptions& options = {});

}  // namespace weft::data
