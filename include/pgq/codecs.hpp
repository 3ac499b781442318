/// All codecs that come with the framework.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/codec/bool.hpp>
#include <pgq/codec/bytea.hpp>
#include <pgq/codec/enumeration.hpp>
#include <pgq/codec/floating.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/interval.hpp>
#include <pgq/codec/json_text.hpp>
#include <pgq/codec/numeric.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/codec/uuid.hpp>
