#include <weft/autograd/call_stack.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <execinfo.h>
#include <fstream>
#include <link.h>
#include <map>
#include <string_view>

namespace weft {
namespace {

struct Symbol {
    std::uint64_t begin, size;
    std::string name;
};

// The functions that a file's own symbol table names, also those that the dynamic linker does not know of; by address.
std::vector<Symbol> symbols_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const auto read = [&file](std::uint64_t offset, void* to, std::size_t bytes) {
        file.seekg(static_cast<std::streamoff>(offset));
        file.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
        return file.good();
    };
    ElfW(Ehdr) header;
    if (!read(0, &header, sizeof header) || std::string(reinterpret_cast<char*>(header.e_ident), SELFMAG) != ELFMAG)
        return {};
    std::vector<ElfW(Shdr)> sections(header.e_shnum);
    if (!read(header.e_shoff, sections.data(), sections.size() * sizeof sections[0])) return {};
    std::vector<Symbol> found;
    for (const auto& section : sections) {
        if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
        std::vector<ElfW(Sym)> table(section.sh_size / sizeof(ElfW(Sym)));
        std::string names(sections[section.sh_link].sh_size, '\0');
        if (!read(section.sh_offset, table.data(), table.size() * sizeof table[0]) ||
            !read(sections[section.sh_link].sh_offset, names.data(), names.size()))
            return {};
        for (const auto& symbol : table)
            if ((symbol.st_info & 0xf) == STT_FUNC && symbol.st_value && symbol.st_name < names.size())
                found.push_back({symbol.st_value, symbol.st_size, names.c_str() + symbol.st_name});
    }
    std::sort(found.begin(), found.end(), [](const Symbol& a, const Symbol& b) { return a.begin < b.begin; });
    return found;
}

std::string demangled(const std::string& name) {
    int status = 0;
    char* text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    std::string result = status == 0 ? text : name;
    std::free(text);
    return result;
}

// What records an op and looks on. How many calls that is depends on what the compiler inlines and a sanitizer adds.
bool is_recording(const std::string& function) {
    constexpr std::array<std::string_view, 5> names{"backtrace", "weft::call_stack", "weft::DetectAnomaly::",
                                                    "weft::detail::", "weft::record"};
    return std::any_of(names.begin(), names.end(), [&](auto name) { return function.find(name) != std::string::npos; });
}

}  // namespace

CallStack call_stack() {
    std::array<void*, 64> frames;
    const int n = backtrace(frames.data(), static_cast<int>(frames.size()));
    return CallStack(frames.begin(), frames.begin() + n);
}

std::string str(const CallStack& stack) {
    std::map<std::string, std::vector<Symbol>> files;
    std::string text;
    int number = 0;
    for (void* call : stack) {
        // What lies on the stack is where the call returns to: the call itself is just before.
        const auto address = reinterpret_cast<std::uintptr_t>(call) - 1;
        Dl_info info{};
        link_map* map = nullptr;
        std::string function = "?", file = "?";
        std::uint64_t offset = address;
        if (dladdr1(reinterpret_cast<void*>(address), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) && map) {
            const std::string path = map->l_name && *map->l_name ? map->l_name : "/proc/self/exe";
            file = info.dli_fname ? info.dli_fname : path;
            offset = address - map->l_addr;
            if (info.dli_sname) function = demangled(info.dli_sname);
            auto [entry, is_new] = files.try_emplace(path);
            if (is_new) entry->second = symbols_of(path);
            const auto after =
                std::upper_bound(entry->second.begin(), entry->second.end(), offset,
                                 [](std::uint64_t at, const Symbol& symbol) { return at < symbol.begin; });
            if (after != entry->second.begin() && offset - std::prev(after)->begin < std::prev(after)->size)
                function = demangled(std::prev(after)->name);
        }
        if (number == 0 && is_recording(function)) continue;
        text += fmt::format("  #{:<2} {}  ({}+{:#x})\n", number++, function, file.substr(file.rfind('/') + 1), offset);
    }
    return text;
}

}  // namespace weft
