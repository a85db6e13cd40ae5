#include <weft/autograd/error.hpp>
#include <weft/data/download.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/replace_file.hpp>

#include <fmt/core.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <system_error>

#ifdef WEFT_WITH_CURL
#include <curl/curl.h>
#endif

namespace weft::data {

void verify(const std::filesystem::path& path, const Digest& digest) {
    GzipReader file(path);
    std::vector<std::uint8_t> block(1 << 16);
    std::int64_t bytes = 0;
    uLong sum = crc32(0, nullptr, 0);
    while (const std::size_t got = file.read_some(block.data(), block.size())) {
        bytes += static_cast<std::int64_t>(got);
        if (bytes > digest.bytes) break;
        sum = crc32(sum, block.data(), static_cast<uInt>(got));
    }
    if (bytes != digest.bytes)
        throw FileError(fmt::format("{}: expected {} bytes, unpacked; received {}", path.string(), digest.bytes,
                                    bytes > digest.bytes ? "more" : std::to_string(bytes)));
    if (sum != digest.crc32)
        throw FileError(fmt::format("{}: not the data that were published: expected checksum {:08x}; received {:08x}",
                                    path.string(), digest.crc32, sum));
}

#ifdef WEFT_WITH_CURL

namespace {

struct Target {
    std::ofstream* file;
    std::int64_t room;  // bytes that may still come
    int error = 0;
};

std::size_t receive(char* data, std::size_t, std::size_t bytes, void* context) {
    Target& target = *static_cast<Target*>(context);
    target.room -= static_cast<std::int64_t>(bytes);
    if (target.room < 0) return 0;
    if (!target.file->write(data, static_cast<std::streamsize>(bytes))) {
        target.error = errno ? errno : EIO;
        return 0;
    }
    return bytes;
}

void fetch(const std::string& url, const std::string& path, const Digest& digest) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) throw FileError("libcurl cannot be started");
    std::ofstream file(path, std::ios::binary);
    // Packing never makes data much longer than they are.
    Target target{&file, digest.bytes + digest.bytes / 1000 + 4096};
    char text[CURL_ERROR_SIZE] = "";
    const auto set = [&](auto option, auto value) { curl_easy_setopt(curl.get(), option, value); };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https,file");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "weft");
    set(CURLOPT_CONNECTTIMEOUT, 10L);
    set(CURLOPT_LOW_SPEED_LIMIT, 1024L);  // bytes a second, for
    set(CURLOPT_LOW_SPEED_TIME, 20L);     // so many seconds, is given up
    set(CURLOPT_TIMEOUT, 900L);
    set(CURLOPT_WRITEFUNCTION, receive);
    set(CURLOPT_WRITEDATA, &target);
    set(CURLOPT_ERRORBUFFER, text);
    const CURLcode code = curl_easy_perform(curl.get());
    if (!target.error && !file.flush()) target.error = errno ? errno : EIO;
    if (target.error) throw FileError(fmt::format("cannot write to the disk: {}", std::strerror(target.error)));
    if (target.room < 0) throw FileError(fmt::format("sent more than the {} bytes that this file holds", digest.bytes));
    if (code != CURLE_OK) throw FileError(*text ? text : curl_easy_strerror(code));
}

}  // namespace

bool can_download() { return true; }

void download(const std::vector<std::string>& urls, const std::filesystem::path& path, const Digest& digest) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error)
        throw FileError(fmt::format("{}: cannot make this folder: {}", path.parent_path().string(), error.message()));
    std::string reasons;
    for (const std::string& url : urls) {
        try {
            replace_file(path.string(), [&](const std::string& temporary) {
                fetch(url, temporary, digest);
                verify(temporary, digest);
            });
            return;
        } catch (const FileError& reason) {
            reasons += fmt::format("\n  {}: {}", url, reason.what());
        }
    }
    throw FileError(fmt::format("{} could not be fetched:{}", path.filename().string(), reasons));
}

#else

bool can_download() { return false; }

void download(const std::vector<std::string>&, const std::filesystem::path& path, const Digest&) {
    throw FileError(fmt::format("{} could not be fetched: weft was built without libcurl (meson option 'download')",
                                path.filename().string()));
}

#endif

}  // namespace weft::data
