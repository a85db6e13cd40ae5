// Batches made in the background come in order, once, and so do exceptions.
#include "../catch.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/data/prefetch.hpp>

#include <atomic>
#include <chrono>
#include <memory>

using weft::Tensor;
using weft::Tensors;
using weft::data::Prefetch;

namespace {

struct Team {
    int ahead, workers;
};
constexpr Team teams[] = {{0, 0}, {0, 3}, {2, 0}, {1, 1}, {2, 1}, {2, 2}, {5, 3}, {1, 4}, {100, 2}};

Tensors number(std::int64_t i) { return {Tensor(i)}; }

// Leaves the processor to the other threads for a while.
void wait_a_moment() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

}  // namespace

TEST_CASE("data: batches made ahead come in order, each made once", "[data_loader]") {
    for (const Team team : teams)
        for (const std::int64_t count : {0, 1, 2, 3, 50}) {
            CAPTURE(team.ahead, team.workers, count);
            std::atomic<std::int64_t> made{0};
            Prefetch prefetch(count, [&](std::int64_t i) {
                ++made;
                if (i % 7 == 3) wait_a_moment();  // some take longer than those after them
                return number(i);
            }, team.ahead, team.workers);
            Tensors batch;
            for (std::int64_t i = 0; i < count; ++i) {
                REQUIRE(prefetch.next(batch));
                REQUIRE(batch.at(0).item<std::int64_t>() == i);
            }
            CHECK_FALSE(prefetch.next(batch));
            CHECK_FALSE(prefetch.next(batch));
            CHECK(made == count);
            if (count > 0) CHECK(batch.at(0).item<std::int64_t>() == count - 1);
        }
}

TEST_CASE("data: no more is made ahead than asked for, and that much is", "[data_loader]") {
    std::atomic<int> made{0};
    Prefetch prefetch(100, [&](std::int64_t i) { return ++made, number(i); }, 3, 2);
    const auto settles_at = [&](int expected) {
        for (int i = 0; i < 2000 && made < expected; ++i) wait_a_moment();
        for (int i = 0; i < 20; ++i) wait_a_moment();
        return made.load();
    };
    CHECK(settles_at(3) == 3);
    Tensors batch;
    prefetch.next(batch);
    CHECK(settles_at(4) == 4);
}

TEST_CASE("data: the calling thread makes what no worker has begun", "[data_loader]") {
    const auto caller = std::this_thread::get_id();
    SECTION("everything, without workers") {
        for (const Team team : {Team{0, 0}, Team{0, 3}, Team{2, 0}}) {
            Prefetch prefetch(20, [&](std::int64_t i) {
                if (std::this_thread::get_id() != caller) throw std::runtime_error("another thread");
                return number(i);
            }, team.ahead, team.workers);
            Tensors batch;
            while (prefetch.next(batch)) {}
        }
    }
    SECTION("not what is there already") {
        std::atomic<int> made{0}, made_here{0};
        Prefetch prefetch(3, [&](std::int64_t i) {
            made_here += std::this_thread::get_id() == caller;
            ++made;
            return number(i);
        }, 3, 1);
        for (int i = 0; i < 5000 && made < 3; ++i) wait_a_moment();
        Tensors batch;
        while (prefetch.next(batch)) {}
        CHECK(made == 3);
        CHECK(made_here == 0);
    }
}

TEST_CASE("data: an exception in the background reaches the caller, in its batch's place", "[data_loader]") {
    for (const Team team : teams) {
        CAPTURE(team.ahead, team.workers);
        std::atomic<int> begun{0};
        Prefetch prefetch(50, [&](std::int64_t i) {
            ++begun;
            if (i >= 10) throw weft::ValueError("sample " + std::to_string(i) + " is bad");
            return number(i);
        }, team.ahead, team.workers);
        Tensors batch;
        for (int i = 0; i < 10; ++i) REQUIRE(prefetch.next(batch));
        for (int again = 0; again < 2; ++again) {
            CHECK_THROWS_AS(prefetch.next(batch), weft::ValueError);
            CHECK_THROWS_WITH(prefetch.next(batch), "sample 10 is bad");
        }
        CHECK(batch.at(0).item<std::int64_t>() == 9);
        for (int i = 0; i < 5; ++i) wait_a_moment();
        if (team.ahead > 0 && team.workers > 0) CHECK(begun <= 11 + team.workers);  // nor is more begun after it
    }
}

TEST_CASE("data: giving up early waits for the batches under way alone", "[data_loader]") {
    for (const Team team : teams)
        for (const int taken : {0, 1, 5}) {
            CAPTURE(team.ahead, team.workers, taken);
            const auto alive = std::make_shared<int>();
            std::atomic<int> made{0};
            {
                Prefetch prefetch(1'000'000, [&, alive](std::int64_t i) {
                    wait_a_moment();
                    ++made;
                    return number(i);
                }, team.ahead, team.workers);
                Tensors batch;
                for (int i = 0; i < taken; ++i) REQUIRE(prefetch.next(batch));
            }
            CHECK(alive.use_count() == 1);
            CHECK(made <= taken + team.ahead);
        }
}
