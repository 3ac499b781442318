/// Whether a repository works, found out by an object that is there for a moment only.
#pragma once

#include <unistd.h>
#include <walmgr/cluster.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>

#include <chrono>
#include <string>

namespace walmgr {

/// Whether it takes, gives back and forgets an object. @throws error  from the store
bool gives_back(store auto const& where, cluster const& of) {
    auto const name = of.name + "/probe/" + std::to_string(::getpid()) + '-' +
                      std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
    std::string const bytes = "written by a check, to be removed by it\n";
    bool const sealed = create_small_object(where, name, bytes);
    bool const same = sealed && read_small_object(where, name) == bytes;
    where.remove(name);
    return same;
}

}  // namespace walmgr
