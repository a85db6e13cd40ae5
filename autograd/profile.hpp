// Where the time and the memory go, op by op.
#pragma once

#include <weft/autograd/observe.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weft {

struct ProfileRow {
    std::string op;
    std::int64_t calls = 0;           ///< forward
    double seconds = 0;
    std::size_t bytes = 0;            ///< of the results
    std::int64_t backward_calls = 0;  ///< of its derivative
    double backward_seconds = 0;
    std::size_t backward_bytes = 0;   ///< of the gradients it gave
};

/// Counts and times what this thread computes while it lives:
///
///     const Profile profile;
///     model(x).backward();
///     fmt::print("{}", profile.table());
///
/// An op's time runs from the end of the thread's previous op, or from the call of the module it is in, to its own end;
/// a derivative's is that of all ops it is made of, which do not count on their own.
class Profile final : public Observer {
public:
    Profile();
    ~Profile() override = default;

    /// What was seen so far, the dearest first.
    std::vector<ProfileRow> rows() const;
    /// The same as text, with a line of sums.
    std::string table() const;
    void clear();

    void op(const std::string& name, Node* node, std::uint32_t index, std::size_t bytes) override;
    void enter(const std::string& module) override;
    void before_derivative(const Node& node) override;
    void after_derivative(const Node& node, std::span<const Tensor> dy, std::span<const Tensor> dx) override;

private:
    using Clock = std::chrono::steady_clock;
    double lap();

    std::map<std::string, ProfileRow> rows_;
    Clock::time_point last_;
};

/// What f() did, as Profile::rows() gives it.
template <class F>
std::vector<ProfileRow> profile(F&& f) {
    const Profile watch;
    std::forward<F>(f)();
    return watch.rows();
}

std::string str(const std::vector<ProfileRow>& rows);

}  // namespace weft
