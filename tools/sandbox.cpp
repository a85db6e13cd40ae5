#include "sandbox.hpp"

#include "report.hpp"

#include <weft/autograd/error.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace weft::tools {

namespace fs = std::filesystem;

// Plain memory: the child may die at any moment.
struct Sandbox::Board {
    char file[4096];
    bool reading, done;
};

namespace {

constexpr std::uint64_t mebi = 1 << 20;
constexpr std::uint64_t thread_memory = 16 * mebi;  // a stack, and what the allocator keeps for each thread
constexpr std::uint64_t least_memory = 1024 * mebi, memory_factor = 8;
constexpr std::uint64_t least_seconds = 120, bytes_a_second = 4'000'000;

// The sanitizers' own memory is beyond any limit.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool limits_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool limits_memory = false;
#else
constexpr bool limits_memory = true;
#endif
#else
constexpr bool limits_memory = true;
#endif

std::uint64_t machine_memory() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limit(int resource, std::uint64_t amount) {
    struct rlimit bounds;
    if (::getrlimit(resource, &bounds) != 0) return;
    bounds.rlim_cur = std::min<rlim_t>(amount, bounds.rlim_max);
    ::setrlimit(resource, &bounds);
}

std::uint64_t seconds_used() {
    struct rusage used;
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<std::uint64_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
}

std::uint64_t size_of(const fs::path& file) {
    std::error_code unknown;
    if (!fs::is_regular_file(file, unknown)) return 0;
    const std::uint64_t size = fs::file_size(file, unknown);
    return unknown ? 0 : size;
}

std::string in_words(std::uint64_t bytes) {
    return bytes >= 1024 * mebi ? fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1024.0 * mebi))
                                : fmt::format("{} MiB", bytes / mebi);
}

int run_child(Sandbox& sandbox, const std::function<int(Sandbox&)>& work) {
    try {
        return work(sandbox);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        report(error.what());
    }
    return failure;
}

}  // namespace

Limits limits_for(const std::vector<std::string>& files) {
    std::uint64_t bytes = 0;
    for (const std::string& file : files) {
        bytes += size_of(file);
        if (!file.ends_with(".json")) continue;
        const fs::path folder = fs::path(file).has_parent_path() ? fs::path(file).parent_path() : ".";
        std::error_code unknown;
        for (const auto& neighbour : fs::directory_iterator(folder, unknown))
            if (neighbour.path().string().ends_with(".weights.h5")) bytes += size_of(neighbour.path());
    }
    const std::uint64_t threads = std::max(1u, std::thread::hardware_concurrency());
    return {least_memory + threads * thread_memory + memory_factor * bytes, least_seconds + bytes / bytes_a_second};
}

Sandbox::Sandbox(const Limits& limits) : limits_(limits) {
    void* page = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw Error(fmt::format("cannot share memory: {}", std::strerror(errno)));
    board_ = static_cast<Board*>(page);
}

void Sandbox::reading(const std::string& file) {
    std::snprintf(board_->file, sizeof board_->file, "%s", file.c_str());
    board_->reading = true;
    std::error_code unknown;
    const auto kind = fs::status(file, unknown).type();
    if (kind == fs::file_type::not_found) throw FileError(fmt::format("{}: there is no such file", file));
    if (kind != fs::file_type::regular && kind != fs::file_type::directory)  // a pipe may never end
        throw FileError(fmt::format("{}: is no regular file", file));
    if (limits_memory) limit(RLIMIT_DATA, limits_.memory);
    limit(RLIMIT_CPU, seconds_used() + limits_.seconds);
}

void Sandbox::computing() {
    board_->reading = false;
    if (limits_memory) limit(RLIMIT_DATA, std::max(machine_memory() / 4 * 3, limits_.memory));
    limit(RLIMIT_CPU, RLIM_INFINITY);
}

int in_sandbox(const Limits& limits, const std::function<int(Sandbox&)>& work) {
    Sandbox sandbox(limits);
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        report(fmt::format("cannot make a process: {}", std::strerror(errno)));
        return failure;
    }
    if (child == 0) {
#ifdef __linux__
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(failure);
#endif
        limit(RLIMIT_CORE, 0);
        int status = failure;
        bool done = true;
        try {
            status = run_child(sandbox, work);
        } catch (const std::bad_alloc&) {
            done = false;
        }
        if (std::fflush(stdout) != 0 && done) {
            report(fmt::format("the results cannot be written: {}", std::strerror(errno)));
            status = failure;
        }
        sandbox.board_->done = done;
        ::_exit(status);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    const Sandbox::Board& board = *sandbox.board_;
    if (WIFEXITED(status) && board.done) return WEXITSTATUS(status);
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGPIPE) return 128 + signal;
    const std::string file = board.file[0] ? std::string(board.file) + ": " : "";
    const char* act = board.reading ? "reading it" : "working with it";
    if (signal == SIGXCPU)
        report(fmt::format("{}{} took more than {} seconds of processor time, the limit for a file of its size", file,
                           act, limits.seconds));
    else if (signal == SIGKILL)
        report(fmt::format("{}{} was ended by the system, perhaps for want of memory", file, act));
    else if (signal)
        report(
            fmt::format("{}{} crashed ({}): the file is damaged, or made to do harm", file, act, ::strsignal(signal)));
    else if (board.reading)
        report(fmt::format("{}{} takes more than {} of memory, the limit for a file of its size", file, act,
                           in_words(limits.memory)));
    else
        report(fmt::format("{}{} takes more memory than there is; a smaller --batch-size may help", file, act));
    return failure;
}

}  // namespace weft::tools
