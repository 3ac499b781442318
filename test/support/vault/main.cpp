// Keeps a line as an object of a folder, prints what it reads back, and asks an object store that is not there: `vault
// FOLDER`.
#include <walmgr/codec/lz4.hpp>
#include <walmgr/object.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/store/s3.hpp>

#include <cstdio>
#include <exception>
#include <string_view>

int main(int argc, char** argv) try {
    if (argc != 2) throw walmgr::error{walmgr::fault::configuration, "usage: vault FOLDER"};
    walmgr::posix_store<> const vault{argv[1]};
    auto out = vault.create("line");
    walmgr::object_packer pack{out, walmgr::lz4{}};
    pack.write("kept\n");
    pack.finish({});
    out.seal();
    walmgr::unpack_object(*vault.open("line"), "line",
                          [](std::string_view raw) { std::fwrite(raw.data(), 1, raw.size(), stdout); });
    std::fflush(stdout);

    walmgr::s3_store const far{
        {.by = walmgr::reached_by::s3, .host = "bucket"},
        {.endpoint = "http://127.0.0.1:1", .path_style = true, .who = {.key_id = "id", .secret = "key"}},
        walmgr::no_retry{}};
    return far.open("line") ? 0 : 1;
} catch (walmgr::error const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return static_cast<int>(problem.kind());
}
