// libcurl and its thirty libraries, loaded when a repository in an object store is first asked; see late_libpq.cpp.
#include "late_library.hpp"

#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo

#include <cstdarg>

namespace {

template <auto Ours> auto from_libcurl(char const* name) {
    return walmgr_app::from_library<Ours>("libcurl.so.4", name);
}

}  // namespace

extern "C" {

CURLcode curl_global_init(long flags) {
    return from_libcurl<curl_global_init>("curl_global_init")(flags);
}
CURL* curl_easy_init() {
    return from_libcurl<curl_easy_init>("curl_easy_init")();
}
void curl_easy_cleanup(CURL* handle) {
    from_libcurl<curl_easy_cleanup>("curl_easy_cleanup")(handle);
}
void curl_easy_reset(CURL* handle) {
    from_libcurl<curl_easy_reset>("curl_easy_reset")(handle);
}
CURLcode curl_easy_perform(CURL* handle) {
    return from_libcurl<curl_easy_perform>("curl_easy_perform")(handle);
}
char const* curl_easy_strerror(CURLcode code) {
    return from_libcurl<curl_easy_strerror>("curl_easy_strerror")(code);
}
// The number of an option says of what type its value is. That the last parameter before it is an enumeration is so in
// libcurl as well, and its type does not change when it is passed on.
#pragma GCC diagnostic ignored "-Wvarargs"
CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) {
    auto const real = from_libcurl<curl_easy_setopt>("curl_easy_setopt");
    std::va_list values;
    va_start(values, option);
    auto result = CURLE_OK;
    if (option < CURLOPTTYPE_OBJECTPOINT) result = real(handle, option, va_arg(values, long));
    else if (option < CURLOPTTYPE_OFF_T || option >= CURLOPTTYPE_BLOB)
        result = real(handle, option, va_arg(values, void*));
    else result = real(handle, option, va_arg(values, curl_off_t));
    va_end(values);
    return result;
}
CURLcode curl_easy_getinfo(CURL* handle, CURLINFO info, ...) {
    std::va_list values;
    va_start(values, info);
    auto const result = from_libcurl<curl_easy_getinfo>("curl_easy_getinfo")(handle, info, va_arg(values, void*));
    va_end(values);
    return result;
}
curl_slist* curl_slist_append(curl_slist* list, char const* text) {
    return from_libcurl<curl_slist_append>("curl_slist_append")(list, text);
}
void curl_slist_free_all(curl_slist* list) {
    from_libcurl<curl_slist_free_all>("curl_slist_free_all")(list);
}
}
