/* A command is sent once: whether it holds is seen in the portfolio's mode, and asking again is harmless. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/command.h"

#include "dashboard/json_reader.h"
#include "dashboard/process.h"
#include "dashboard/reply.h"
#include "lib/base/log.h"

#include <string.h>

int action_from_name(const char *name, enum action *out)
{
    for (enum action action = 0; action < action_COUNT; action++) {
        if (action != ACTION_OTHER && strcmp(action_name(action), name) == 0) {
            *out = action;
            return 0;
        }
    }
    return error_set(ERROR_ARGUMENT, "\"action\" must be pause, resume, reduce_only, flatten or halt");
}

static struct waiting_command *find(struct commands *commands, uint64_t sequence)
{
    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (commands->waiting[i].sequence == sequence)
            return &commands->waiting[i];
    return NULL;
}

/* Sends it; on success the request is answered later. */
static void send_command(struct dashboard *dashboard, struct http_request *request, struct waiting_command *place,
                         enum action action)
{
    struct commands *commands = &dashboard->commands;
    struct command command = {.sequence = commands->last_sequence + 1, .action = action};
    if (service_send(dashboard->context, LINK_COMMAND, NULL, RECORD_command, &command) < 0) {
        log_warn("command_not_sent", log_text("action", action_name(action)), log_text("error", error_message()));
        reply_retry(request, 503, 1000, "the trader is not connected");
        return;
    }
    commands->last_sequence = command.sequence;
    *place = (struct waiting_command){.sequence = command.sequence,
                                      .request = request,
                                      .deadline_ms = dashboard_now(dashboard) + COMMAND_TIMEOUT_MS,
                                      .action = action};
    http_answer_later(request);
}

void command_handle(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    char name[32], client[CLIENT_KEY_SIZE];
    size_t size = 0;
    const uint8_t *body = http_body(request, &size);
    enum action action = ACTION_PAUSE;
    struct waiting_command *place = find(&dashboard->commands, 0);
    if (json_read_member(body, size, "action", name, sizeof name) < 0 || action_from_name(name, &action) < 0) {
        reply_error(request, 400, error_message());
        return;
    }
    if (place == NULL) {
        reply_retry(request, 503, COMMAND_TIMEOUT_MS, "other commands wait for the trader");
        return;
    }
    dashboard_client(dashboard, request, client);
    log_info("command", log_text("action", name), log_text("client", client));
    send_command(dashboard, request, place, action);
}

static void finish(struct waiting_command *command)
{
    struct http_request *request = command->request;
    *command = (struct waiting_command){0};
    http_resume(request);
}

void commands_ack(struct commands *commands, const struct ack *ack)
{
    char text[128];
    struct waiting_command *command = ack->sequence != 0 ? find(commands, ack->sequence) : NULL;
    if (command == NULL)
        return;
    log_info("command_answered", log_text("action", action_name(command->action)),
             log_text("verdict", verdict_name(ack->verdict)));
    if (ack->verdict == VERDICT_ACCEPTED || ack->verdict == VERDICT_DUPLICATE) {
        struct json_writer json = json_into(text, sizeof text);
        json_open_object(&json, NULL);
        json_text(&json, "action", action_name(command->action));
        json_text(&json, "verdict", verdict_name(ack->verdict));
        json_close_object(&json);
        reply_json(command->request, 200, &json);
    } else {
        reply_error(command->request, 503, "the trader cannot do this now");
    }
    finish(command);
}

void commands_tick(struct commands *commands, int64_t now_ms)
{
    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        struct waiting_command *command = &commands->waiting[i];
        if (command->sequence == 0 || now_ms < command->deadline_ms)
            continue;
        log_warn("command_unanswered", log_text("action", action_name(command->action)));
        reply_error(command->request, 504, "the trader has not answered; see whether its mode has changed");
        finish(command);
    }
}
