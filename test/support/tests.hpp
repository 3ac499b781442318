/// What is precompiled for all tests: see test/meson.build. Tests include what they use all the same.
#include <pgq/pgq.hpp>
#include <pgq/testing.hpp>

#include <boost/test/unit_test.hpp>
