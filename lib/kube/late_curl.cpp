// libcurl, loaded when one of its functions is first called. It brings some thirty shared libraries, and a program that
// speaks to no server should not wait for them. Compiled only where KFRUN_LATE_CURL is set (the standalone binary); the
// functions below then stand in for libcurl's own.
#ifdef KFRUN_LATE_CURL

#include <curl/curl.h>
#include <dlfcn.h>

#include <cstdarg>

#include "base/error.h"

// The header's macros check argument types in calls; here the functions themselves are defined.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

namespace {

void* library() {
  static void* const handle = [] {
    void* opened = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!opened) {
      kfrun::Error error(kfrun::ErrorKind::unsupported, fmt::format("libcurl cannot be loaded: {}", ::dlerror()));
      throw error.hint("install it: apt-get install libcurl4");
    }
    return opened;
  }();
  return handle;
}

template <typename Function>
Function* symbol(Function*, const char* name) {
  void* found = ::dlsym(library(), name);
  if (!found) throw kfrun::make_error(kfrun::ErrorKind::unsupported, "this libcurl is too old: it has no {}", name);
  return reinterpret_cast<Function*>(found);
}

// Called from signal handlers, where nothing can be looked up.
CURLMcode (*wake)(CURLM*) = nullptr;

}  // namespace

#define LATE(name)                               \
  static const auto real = symbol(&name, #name); \
  return real

// All optional arguments of libcurl are as wide as a pointer on the systems that kfrun runs on.
static_assert(sizeof(void*) == sizeof(curl_off_t) && sizeof(void*) == sizeof(long));
// The option's promotion to int, which clang points out, changes nothing: its values are ints.
#pragma GCC diagnostic ignored "-Wvarargs"
#define LATE_OPTION(name, subject, option)       \
  static const auto real = symbol(&name, #name); \
  std::va_list rest;                             \
  va_start(rest, option);                        \
  void* const argument = va_arg(rest, void*);    \
  va_end(rest);                                  \
  return real(subject, option, argument)

extern "C" {

CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) { LATE_OPTION(curl_easy_setopt, handle, option); }
CURLcode curl_easy_getinfo(CURL* handle, CURLINFO info, ...) { LATE_OPTION(curl_easy_getinfo, handle, info); }
CURLMcode curl_multi_setopt(CURLM* handle, CURLMoption option, ...) { LATE_OPTION(curl_multi_setopt, handle, option); }

CURLcode curl_global_init(long flags) { LATE(curl_global_init)(flags); }
curl_version_info_data* curl_version_info(CURLversion age) { LATE(curl_version_info)(age); }
const char* curl_easy_strerror(CURLcode code) { LATE(curl_easy_strerror)(code); }
CURL* curl_easy_init() { LATE(curl_easy_init)(); }
CURLcode curl_easy_perform(CURL* handle) { LATE(curl_easy_perform)(handle); }
void curl_easy_reset(CURL* handle) { LATE(curl_easy_reset)(handle); }
void curl_easy_cleanup(CURL* handle) { LATE(curl_easy_cleanup)(handle); }
CURLcode curl_easy_pause(CURL* handle, int bits) { LATE(curl_easy_pause)(handle, bits); }
curl_slist* curl_slist_append(curl_slist* list, const char* text) { LATE(curl_slist_append)(list, text); }
void curl_slist_free_all(curl_slist* list) { LATE(curl_slist_free_all)(list); }
CURLM* curl_multi_init() {
  wake = symbol(&curl_multi_wakeup, "curl_multi_wakeup");
  LATE(curl_multi_init)();
}
CURLMcode curl_multi_cleanup(CURLM* multi) { LATE(curl_multi_cleanup)(multi); }
CURLMcode curl_multi_add_handle(CURLM* multi, CURL* easy) { LATE(curl_multi_add_handle)(multi, easy); }
CURLMcode curl_multi_remove_handle(CURLM* multi, CURL* easy) { LATE(curl_multi_remove_handle)(multi, easy); }
CURLMcode curl_multi_perform(CURLM* multi, int* running) { LATE(curl_multi_perform)(multi, running); }
CURLMcode curl_multi_poll(CURLM* multi, curl_waitfd* more, unsigned count, int wait, int* ready) {
  LATE(curl_multi_poll)(multi, more, count, wait, ready);
}
CURLMcode curl_multi_wakeup(CURLM* multi) { return wake(multi); }
CURLMsg* curl_multi_info_read(CURLM* multi, int* left) { LATE(curl_multi_info_read)(multi, left); }
const char* curl_multi_strerror(CURLMcode code) { LATE(curl_multi_strerror)(code); }

}  // extern "C"

#endif
