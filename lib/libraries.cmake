# The outside libraries, under the names that the rooms link: KFRUN_FMT, PkgConfig::YAML, KFRUN_YAML_CPP, PkgConfig::RE2,
# KFRUN_CURL, OpenSSL::Crypto, Threads::Threads.
option(KFRUN_STANDALONE "Link all but libc into the binary; libcurl is loaded when a cluster is first spoken to" OFF)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CURL REQUIRED)
set(KFRUN_FMT fmt::fmt)
set(KFRUN_YAML_CPP yaml-cpp)
set(KFRUN_CURL CURL::libcurl)

if(KFRUN_STANDALONE)
  # Start-up is most of a small build's time, and each shared library adds to it: libcurl alone brings thirty. Debian has no
  # static fmt, and its static libcurl wants libraries that have none, so the one is used by its headers and the other is
  # loaded late (lib/kube/late_curl.cpp).
  add_compile_options(-fno-pie)
  add_link_options(-static-libstdc++ -static-libgcc -no-pie -Wl,--gc-sections)
  set(KFRUN_FMT fmt::fmt-header-only)
  set(OPENSSL_USE_STATIC_LIBS ON)
  list(PREPEND CMAKE_FIND_LIBRARY_SUFFIXES .a)
  find_library(KFRUN_YAML_CPP_ARCHIVE yaml-cpp REQUIRED)
  set(KFRUN_YAML_CPP "${KFRUN_YAML_CPP_ARCHIVE}")
  add_library(kfrun_late_curl INTERFACE)
  target_include_directories(kfrun_late_curl INTERFACE ${CURL_INCLUDE_DIRS})
  target_compile_definitions(kfrun_late_curl INTERFACE KFRUN_LATE_CURL)
  target_link_libraries(kfrun_late_curl INTERFACE ${CMAKE_DL_LIBS})
  set(KFRUN_CURL kfrun_late_curl)
else()
  find_package(yaml-cpp REQUIRED)
endif()
find_package(OpenSSL REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
