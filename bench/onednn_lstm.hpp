// oneDNN's LSTM, a yardstick of lstm_step.cpp and of bench/compare.
#pragma once

#include <dnnl.hpp>

#include <algorithm>
#include <functional>

namespace weft::bench {

/// Forward training and backward of lstm_forward, with the reorders of weights that a step of training needs. It
/// computes the gradient of its input too, which it cannot be told to leave out.
inline std::function<void()> onednn_lstm(dnnl::memory::dim batch, dnnl::memory::dim steps, dnnl::memory::dim in,
                                         dnnl::memory::dim units) {
    using namespace dnnl;
    using Format = memory::format_tag;
    engine engine(engine::kind::cpu, 0);
    stream stream(engine);
    const auto described = [](const memory::dims& dims, Format format) {
        return memory::desc(dims, memory::data_type::f32, format);
    };
    const memory::dims x_dims{steps, batch, in}, state_dims{1, 1, batch, units}, w_dims{1, 1, in, 4, units},
        r_dims{1, 1, units, 4, units}, b_dims{1, 1, 4, units}, y_dims{steps, batch, units};
    const auto x = described(x_dims, Format::tnc), s = described(state_dims, Format::ldnc),
               b = described(b_dims, Format::ldgo), y = described(y_dims, Format::tnc);
    const auto any_w = described(w_dims, Format::any), any_r = described(r_dims, Format::any);
    const auto direction = rnn_direction::unidirectional_left2right;
    lstm_forward::primitive_desc forward({prop_kind::forward_training, direction, x, s, s, any_w, any_r, b, y, s, s},
                                         engine);
    lstm_backward::primitive_desc backward(
        {prop_kind::backward, direction, x, s, s, any_w, any_r, b, y, s, s, x, s, s, any_w, any_r, b, y, s, s}, engine,
        forward);
    const auto make = [&](const memory::desc& desc) {
        memory m(desc, engine);
        std::fill_n(static_cast<float*>(m.get_data_handle()), desc.get_size() / 4, 0.01f);
        return m;
    };
    memory user_w = make(described(w_dims, Format::ldigo)), user_r = make(described(r_dims, Format::ldigo)),
           bias = make(b), input = make(x), h = make(s), c = make(s), output = make(y), last_h = make(s),
           last_c = make(s), workspace = make(forward.workspace_desc());
    memory w = make(forward.weights_layer_desc()), r = make(forward.weights_iter_desc());
    memory back_w = make(backward.weights_layer_desc()), back_r = make(backward.weights_iter_desc());
    memory dx = make(x), dh = make(s), dc = make(s), db = make(b), dy = make(y), dlast_h = make(s), dlast_c = make(s);
    memory dw = make(backward.diff_weights_layer_desc()), dr = make(backward.diff_weights_iter_desc());
    memory user_dw = make(described(w_dims, Format::ldigo)), user_dr = make(described(r_dims, Format::ldigo));
    lstm_forward run_forward(forward);
    lstm_backward run_backward(backward);
    return [=]() mutable {
        const auto move = [&](memory& from, memory& to) { reorder(from, to).execute(stream, from, to); };
        move(user_w, w);
        move(user_r, r);
        run_forward.execute(stream, {{DNNL_ARG_SRC_LAYER, input},
                                     {DNNL_ARG_SRC_ITER, h},
                                     {DNNL_ARG_SRC_ITER_C, c},
                                     {DNNL_ARG_WEIGHTS_LAYER, w},
                                     {DNNL_ARG_WEIGHTS_ITER, r},
                                     {DNNL_ARG_BIAS, bias},
                                     {DNNL_ARG_DST_LAYER, output},
                                     {DNNL_ARG_DST_ITER, last_h},
                                     {DNNL_ARG_DST_ITER_C, last_c},
                                     {DNNL_ARG_WORKSPACE, workspace}});
        move(user_w, back_w);
        move(user_r, back_r);
        run_backward.execute(stream, {{DNNL_ARG_SRC_LAYER, input},
                                      {DNNL_ARG_SRC_ITER, h},
                                      {DNNL_ARG_SRC_ITER_C, c},
                                      {DNNL_ARG_WEIGHTS_LAYER, back_w},
                                      {DNNL_ARG_WEIGHTS_ITER, back_r},
                                      {DNNL_ARG_BIAS, bias},
                                      {DNNL_ARG_DST_LAYER, output},
                                      {DNNL_ARG_DST_ITER, last_h},
                                      {DNNL_ARG_DST_ITER_C, last_c},
                                      {DNNL_ARG_WORKSPACE, workspace},
                                      {DNNL_ARG_DIFF_SRC_LAYER, dx},
                                      {DNNL_ARG_DIFF_SRC_ITER, dh},
                                      {DNNL_ARG_DIFF_SRC_ITER_C, dc},
                                      {DNNL_ARG_DIFF_WEIGHTS_LAYER, dw},
                                      {DNNL_ARG_DIFF_WEIGHTS_ITER, dr},
                                      {DNNL_ARG_DIFF_BIAS, db},
                                      {DNNL_ARG_DIFF_DST_LAYER, dy},
                                      {DNNL_ARG_DIFF_DST_ITER, dlast_h},
                                      {DNNL_ARG_DIFF_DST_ITER_C, dlast_c}});
        move(dw, user_dw);
        move(dr, user_dr);
        stream.wait();
    };
}

}  // namespace weft::bench
