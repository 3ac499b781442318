// The arguments of a queue trigger, as written in CREATE TRIGGER.
#pragma once

#include <pg_extension/common/server.hpp>

#include <string_view>

namespace pgq::server {

/// The fields that an argument `name=EXPRESSION` can set, in the order they are evaluated.
enum overridable : int {
    field_type,
    field_data,
    field_extra1,
    field_extra2,
    field_extra3,
    field_extra4,
    field_when,
    overridables
};

/// The fields of an event that are written, after the queue name.
inline constexpr int event_fields = field_when;

/// Names separated by commas or white space. A name with one of those in it can be given in double quotes.
struct name_list {
    char const* source;  ///< as given; null when the argument is absent
    bool quoted;         ///< some name is in quotes
    int count;
    char** names;

    bool contains(std::string_view name) const;
};

struct trigger_args {
    char* queue;
    bool skip;
    bool deny;
    bool backup;
    bool pkey_update;   ///< write updates of the key, with the old one in ev_extra2, instead of refusing them
    bool publish_root;  ///< a partition reports the name of its root
    name_list ignore;
    name_list pkey;
    char const* expression[overridables];  ///< null: not given
    char const* attkind;                   ///< of logtriga only: a letter for each live column
};

/// Reads the arguments of jsontriga, logutriga and sqltriga. Memory comes from the current context.
/// Errors: `pgq trigger must have destination queue as argument`, `bad param to pgq trigger`.
trigger_args parse_args(Trigger const* trigger);

/// Reads those of logtriga. Error: `pgq.logtriga must be used with 2 or 3 args`.
trigger_args parse_legacy_args(Trigger const* trigger);

}  // namespace pgq::server
