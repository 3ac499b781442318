#include "trigger_args.hpp"

namespace pgq::server {

namespace {

constexpr std::string_view expression_names[overridables] = {
    "ev_type=", "ev_data=", "ev_extra1=", "ev_extra2=", "ev_extra3=", "ev_extra4=", "when="};

bool separates(char c) {
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/// Copies one name to `out` and returns where the text goes on.
char const* take_name(char const* at, char* out, bool& quoted) {
    if (*at != '"') {
        while (*at != '\0' && !separates(*at))
            *out++ = *at++;
        *out = '\0';
        return at;
    }
    quoted = true;
    for (at++; *at != '\0'; at++) {
        if (*at == '"' && *++at != '"') break;
        *out++ = *at;
    }
    *out = '\0';
    return at;
}

name_list parse_names(char const* source) {
    name_list list{source, false, 0, nullptr};
    std::size_t const length = strlen(source);
    list.names = static_cast<char**>(palloc(sizeof(char*) * (length + 1)));
    for (char const* at = source; *at != '\0';) {
        if (separates(*at)) {
            at++;
            continue;
        }
        char* name = static_cast<char*>(palloc(length + 1));
        at = take_name(at, name, list.quoted);
        list.names[list.count++] = name;
    }
    return list;
}

/// The rest of `argument` after `prefix`, or null.
char const* after(char const* argument, std::string_view prefix) {
    return strncmp(argument, prefix.data(), prefix.size()) == 0 ? argument + prefix.size() : nullptr;
}

bool take_expression(trigger_args& args, char const* argument) {
    for (int field = 0; field < overridables; field++) {
        char const* expression = after(argument, expression_names[field]);
        if (expression == nullptr) continue;
        args.expression[field] = pstrdup(expression);
        return true;
    }
    return false;
}

void take(trigger_args& args, char const* argument) {
    if (strcmp(argument, "SKIP") == 0) args.skip = true;
    else if (strcmp(argument, "deny") == 0) args.deny = true;
    else if (strcmp(argument, "backup") == 0) args.backup = true;
    else if (strcmp(argument, "pkey_update") == 0) args.pkey_update = true;
    else if (strcmp(argument, "publish_root") == 0) args.publish_root = true;
    else if (char const* ignored = after(argument, "ignore=")) args.ignore = parse_names(pstrdup(ignored));
    else if (char const* key = after(argument, "pkey=")) args.pkey = parse_names(pstrdup(key));
    else if (!take_expression(args, argument)) elog(ERROR, "bad param to pgq trigger");
}

}  // namespace

bool name_list::contains(std::string_view name) const {
    for (int i = 0; i < count; i++)
        if (name == names[i]) return true;
    return false;
}

trigger_args parse_args(Trigger const* trigger) {
    trigger_args args;
    memset(&args, 0, sizeof args);
    if (trigger->tgnargs < 1) elog(ERROR, "pgq trigger must have destination queue as argument");
    args.queue = pstrdup(trigger->tgargs[0]);
    for (int i = 1; i < trigger->tgnargs; i++)
        take(args, trigger->tgargs[i]);
    return args;
}

trigger_args parse_legacy_args(Trigger const* trigger) {
    trigger_args args;
    memset(&args, 0, sizeof args);
    if (trigger->tgnargs < 2 || trigger->tgnargs > 3) elog(ERROR, "pgq.logtriga must be used with 2 or 3 args");
    args.queue = pstrdup(trigger->tgargs[0]);
    args.attkind = pstrdup(trigger->tgargs[1]);
    return args;
}

}  // namespace pgq::server
