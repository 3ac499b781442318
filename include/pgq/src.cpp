// For build systems that compile a library of what <pgq/src.hpp> has.
#include <pgq/src.hpp>
