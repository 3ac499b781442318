/// What is precompiled for all tests: see test/meson.build. Tests include what they use all the same.
#include <pgq/pgq.hpp>
#include <pgq/testing.hpp>

#include <boost/test/unit_test.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/codec/zstd.hpp>
#include <walmgr/refill.hpp>
#include <walmgr/restore/restore.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/memory.hpp>
