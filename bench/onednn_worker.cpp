// oneDNN's side of bench/compare: single layers that are more than one kernel. --version says which oneDNN it is.
#include "onednn_lstm.hpp"
#include "worker.hpp"

#include <cstring>

using namespace weft::bench;

int main(int argc, char** argv) {
    if (argc > 1 && !std::strcmp(argv[1], "--version")) {
        const dnnl_version_t* version = dnnl_version();
        std::printf("oneDNN %d.%d.%d\n", version->major, version->minor, version->patch);
        return 0;
    }
    return serve(argc, argv, {{"lstm_layer", [] { return [] { return onednn_lstm(32, 50, 10, 64); }; }}});
}
