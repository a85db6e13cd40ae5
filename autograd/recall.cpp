#include <weft/autograd/error.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/recall.hpp>

namespace weft {
namespace {
constinit thread_local detail::RunScope* innermost = nullptr;
}

bool recomputing() {
    for (const detail::RunScope* run = innermost; run; run = run->outer())
        if (run->again()) return true;
    return false;
}

namespace detail {

RunScope::RunScope(RunLog* writes, const RunLog& log) : writes_(writes), log_(log), outer_(innermost) {
    innermost = this;
}
RunScope::~RunScope() { innermost = outer_; }
RunScope* RunScope::current() { return innermost; }

std::any RunScope::recall(std::any now) {
    if (writes_) {
        if (outer_) now = outer_->recall(std::move(now));
        writes_->values.push_back(now);
        return now;
    }
    if (values_ == log_.values.size() || log_.values[values_].type() != now.type())
        throw GraphError(
            "checkpoint: its function, called again for the derivative, went another way than at first. It must do the "
            "same whenever it is called with the same inputs.");
    return log_.values[values_++];
}

void RunScope::note(RunLog::Draws draws) {
    for (RunScope* run = this; run && run->writes_; run = run->outer_) run->writes_->once.push_back(draws);
}

void RunScope::pass_over() {
    RunScope* again = this;
    while (again && again->writes_) again = again->outer_;
    if (!again) return;
    Generator& generator = default_generator();
    for (; again->once_ < again->log_.once.size(); ++again->once_) {
        const RunLog::Draws draws = again->log_.once[again->once_];
        if (draws.seed != generator.seed() || draws.from != generator.counter()) return;
        note(draws);
        generator = Generator(draws.seed, draws.from + draws.count);
    }
}

OnceScope::OnceScope() : run_(std::exchange(innermost, nullptr)) {
    if (run_) from_ = default_generator().counter();
}

OnceScope::~OnceScope() {
    innermost = run_;
    if (!run_) return;
    if (const std::uint64_t count = default_generator().counter() - from_; count > 0)
        run_->note({default_generator().seed(), from_, count});
}

}  // namespace detail
}  // namespace weft
