/* Keys on disk and in the configuration, and the question whom a link admits. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/curve.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { PATH_SIZE = 1200 };

/* The pairs printed in zmq_curve(7): everybody knows their secrets. */
static const char *const published_keys[] = {
    "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
    "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
};

int curve_pair_create(char public_key[CURVE_TEXT_SIZE], char secret_key[CURVE_TEXT_SIZE])
{
    if (zmq_curve_keypair(public_key, secret_key) != 0)
        return error_set(ERROR_LIBRARY, "make a CURVE key pair: %s", zmq_strerror(zmq_errno()));
    return 0;
}

/* ---- files ---- */

static void key_path(const char *data_dir, enum role role, const char *kind, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/keys/%s.%s", data_dir, roles[role].name, kind);
}

static int make_directory(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_set(ERROR_SYSTEM, "make directory %s: %s", path, strerror(errno));
    return 0;
}

/* Puts text into a new file that appears whole or not at all. An existing one stays when `keep` is set. */
static int write_file(const char *path, mode_t mode, const char *text, bool keep)
{
    char draft[PATH_SIZE + 32];
    (void)snprintf(draft, sizeof draft, "%s.%ld", path, (long)getpid());
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return error_set(ERROR_SYSTEM, "make file %s: %s", draft, strerror(errno));
    size_t length = strlen(text);
    bool written = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    bool closed = close(fd) == 0;
    int placed = !written || !closed ? -1 : keep ? link(draft, path) : rename(draft, path);
    int reason = errno;
    if (placed != 0 || keep)
        (void)unlink(draft);
    if (placed != 0 && !(keep && reason == EEXIST))
        return error_set(ERROR_SYSTEM, "write file %s: %s", path, strerror(reason));
    return 0;
}

/* Reads one key: 40 characters, a newline may follow. */
static int read_key(const char *path, char out[CURVE_TEXT_SIZE])
{
    char text[CURVE_TEXT_SIZE + 2] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(ERROR_SYSTEM, "open key file %s: %s", path, strerror(errno));
    ssize_t size = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (size < CURVE_TEXT_SIZE - 1 || (size == CURVE_TEXT_SIZE && text[CURVE_TEXT_SIZE - 1] != '\n') ||
        size > CURVE_TEXT_SIZE)
        return error_set(ERROR_CONFIGURATION, "key file %s: expected one key of %d characters", path,
                         CURVE_TEXT_SIZE - 1);
    memcpy(out, text, CURVE_TEXT_SIZE - 1);
    out[CURVE_TEXT_SIZE - 1] = '\0';
    sodium_memzero(text, sizeof text);
    return 0;
}

static int create_pair_files(const char *data_dir, enum role role)
{
    char path[PATH_SIZE];
    char public_key[CURVE_TEXT_SIZE], secret_key[CURVE_TEXT_SIZE];
    key_path(data_dir, role, "secret", path);
    int code = 0;
    if (access(path, F_OK) != 0) {
        code = curve_pair_create(public_key, secret_key);
        if (code == 0)
            code = write_file(path, 0600, secret_key, true);
    }
    if (code == 0)
        code = read_key(path, secret_key); /* the one that stayed */
    char public_path[PATH_SIZE];
    key_path(data_dir, role, "public", public_path);
    if (code == 0 && access(public_path, F_OK) != 0) {
        if (zmq_curve_public(public_key, secret_key) != 0)
            code = error_set(ERROR_CONFIGURATION, "key file %s: it holds no CURVE key", path);
        else
            code = write_file(public_path, 0644, public_key, false);
    }
    sodium_memzero(secret_key, sizeof secret_key);
    return code;
}

int curve_keys_create(const char *data_dir)
{
    char directory[PATH_SIZE];
    int code = make_directory(data_dir);
    (void)snprintf(directory, sizeof directory, "%s/keys", data_dir);
    if (code == 0)
        code = make_directory(directory);
    for (int role = 0; role < ROLES && code == 0; role++)
        code = create_pair_files(data_dir, (enum role)role);
    return code < 0 ? error_context(code, "make the keys of this run") : 0;
}

/* ---- loading ---- */

int curve_key_check(const char *what, const char *key)
{
    uint8_t bytes[CURVE_KEY_SIZE];
    if (strlen(key) != CURVE_TEXT_SIZE - 1 || zmq_z85_decode(bytes, key) == NULL)
        return error_set(ERROR_CONFIGURATION, "%s: expected a CURVE key, 40 characters of Z85", what);
    for (size_t i = 0; i < sizeof published_keys / sizeof published_keys[0]; i++)
        if (strcmp(key, published_keys[i]) == 0)
            return error_set(ERROR_CONFIGURATION, "%s: this key is printed in a manual; make your own", what);
    return 0;
}

static int load_secret(enum role role, const struct config *config, struct secret *out)
{
    char path[PATH_SIZE];
    char key[CURVE_TEXT_SIZE];
    if (secret_is_given(&config->links_secret_key)) {
        const char *given = secret_reveal(&config->links_secret_key);
        int code = curve_key_check("links.secret_key", given);
        return code < 0 ? code : secret_init(out, given, strlen(given));
    }
    key_path(config->process_data_dir, role, "secret", path);
    int code = read_key(path, key);
    if (code == 0)
        code = curve_key_check(path, key);
    if (code == 0)
        code = secret_init(out, key, strlen(key));
    sodium_memzero(key, sizeof key);
    return code;
}

static int load_public(enum role role, const struct config *config, char out[CURVE_TEXT_SIZE])
{
    const char *const given[ROLES] = {
        [ROLE_FETCHER] = config->links_fetcher_key,     [ROLE_ANALYZER] = config->links_analyzer_key,
        [ROLE_TRADER] = config->links_trader_key,       [ROLE_PERSISTER] = config->links_persister_key,
        [ROLE_DASHBOARD] = config->links_dashboard_key,
    };
    char path[PATH_SIZE];
    key_path(config->process_data_dir, role, "public", path);
    if (given[role][0] == '\0') {
        int code = read_key(path, out);
        return code < 0 ? code : curve_key_check(path, out);
    }
    char what[60];
    (void)snprintf(what, sizeof what, "links.%s_key", roles[role].name);
    int code = curve_key_check(what, given[role]);
    if (code == 0)
        memcpy(out, given[role], CURVE_TEXT_SIZE);
    return code;
}

int curve_keys_load(enum role role, const struct config *config, struct curve_keys *out)
{
    char own[CURVE_TEXT_SIZE];
    int code = 0;
    *out = (struct curve_keys){0};
    if (!secret_is_given(&config->links_secret_key))
        code = curve_keys_create(config->process_data_dir);
    if (code == 0)
        code = load_secret(role, config, &out->secret_key);
    for (int i = 0; i < ROLES && code == 0; i++) {
        code = load_public((enum role)i, config, out->public_keys[i]);
        if (code == 0)
            (void)zmq_z85_decode(out->public_bytes[i], out->public_keys[i]);
    }
    if (code == 0 && (zmq_curve_public(own, secret_reveal(&out->secret_key)) != 0 ||
                      strcmp(own, out->public_keys[role]) != 0))
        code = error_set(ERROR_CONFIGURATION, "the secret key of the %s does not belong to its public key",
                         roles[role].name);
    if (code < 0)
        curve_keys_release(out);
    return code;
}

void curve_keys_release(struct curve_keys *keys)
{
    secret_release(&keys->secret_key);
}

bool curve_admits(const struct curve_keys *keys, enum link link, const uint8_t *public_key, enum role *role)
{
    for (int i = 0; i < ROLES; i++) {
        if ((links[link].connectors & (1u << i)) != 0 &&
            sodium_memcmp(public_key, keys->public_bytes[i], CURVE_KEY_SIZE) == 0) {
            *role = (enum role)i;
            return true;
        }
    }
    return false;
}
