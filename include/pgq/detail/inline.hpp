/// How the functions are defined that <pgq/src.hpp> can compile once: with every source, unless that says otherwise.
#pragma once

#ifndef PGQ_INLINE
#define PGQ_INLINE inline
#endif
