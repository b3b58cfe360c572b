#include "kube/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "kube/watch.h"

namespace kfrun::kube {

namespace {

using SteadyClock = std::chrono::steady_clock;

// Requests on their way at once. API servers allow 100 streams a connection and limit what they work on by themselves; a
// proxy that speaks HTTP/1.1 only would need a connection for each.
constexpr std::size_t kPlaces = 100;
constexpr Duration kLongestWait = std::chrono::hours(1);
// How long to try credentials that are got anew each time when none has been accepted yet.
constexpr Duration kFirstRefusalPatience = std::chrono::seconds(1);
// An answer that has begun and then says nothing hangs, as lists have been seen to over HTTP/2 with libcurl 7.88.
constexpr Duration kAnswerSilence = std::chrono::seconds(5);
// Of a read, though the first of them lasted longer than it is to be retried for.
constexpr int kLeastTriesOfRead = 3;

TimePoint now_on_the_wall() { return system_clock().now(); }

CURLM* make_multi() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);  // once, thread-safe
  if (initialised != CURLE_OK) throw make_error(ErrorKind::internal, "libcurl: {}", curl_easy_strerror(initialised));
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) throw make_error(ErrorKind::internal, "curl_multi_init failed");
  return multi;
}

std::optional<Duration> retry_after_of(const Reply& reply) {
  const auto header = reply.headers.find("retry-after");
  return header == reply.headers.end() ? std::nullopt : parse_retry_after(header->second, now_on_the_wall());
}

// The server knew who asked: it gave what was wanted, or a reason that only those hear whom it knows.
bool is_login_accepted(const Reply& reply) {
  return reply.ok() || reply.status == 403 || reply.status == 404 || reply.status == 409;
}

bool is_read(const Request& request) { return request.method == "GET"; }

void check(CURLMcode code) {
  if (code != CURLM_OK) throw make_error(ErrorKind::internal, "libcurl: {}", curl_multi_strerror(code));
}

}  // namespace

// A request over all its tries.
struct Loop::Call {
  Handle handle = 0;
  Request request;
  OnOwnReply done;
  std::optional<StreamOptions> stream;

  std::unique_ptr<Transfer> transfer;
  std::optional<Timers::Id> timer;  // of the next try, or of its silence
  SteadyTime lined_up;              // when it began to wait, for the first or the next try
  std::optional<SteadyTime> first_try;
  SteadyTime try_began;
  unsigned credential_generation = 0;
  int attempts = 0;
  int refusals = 0;  // of its credentials, in a row
  SteadyTime refused_since;
  bool fresh_connection = false;
  std::optional<Duration> silent;  // for so long, which ends its try

  std::string pieces;  // for the user
  std::optional<Reply> reply;
  bool delivering = false;
  bool over = false;  // cancelled, or handed over
};

Loop::Loop(const Config& config)
    : config_(config),
      credentials_(config_),
      pool_(config_),
      multi_(make_multi()),
      random_(std::random_device{}()),
      rate_limit_(config.max_requests_per_second) {
  wake_descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_descriptor_ < 0) {
    curl_multi_cleanup(multi_);
    throw make_error(ErrorKind::internal, "eventfd failed");
  }
}

Loop::~Loop() {
  watches_.clear();
  for (auto& [handle, call] : calls_) drop_transfer(*call, false);
  curl_multi_cleanup(multi_);
  ::close(wake_descriptor_);
}

Handle Loop::add(CallPtr call) {
  call->handle = ++last_handle_;
  line_up(*call);
  calls_.emplace(call->handle, call);
  return call->handle;
}

Handle Loop::start(Request request, OnOwnReply done) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  return add(std::move(call));
}

Handle Loop::stream(Request request, StreamOptions options, OnOwnReply done) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  call->stream = std::move(options);
  return add(std::move(call));
}

Handle Loop::start_watch(const ResourceType& type, const std::string& name_space, WatchOptions options,
                         std::function<void(const WatchEvent&)> event, std::function<void(const Error&)> failed) {
  const Handle handle = ++last_handle_;
  auto watch = std::make_shared<Watch>(*this, handle, type, name_space, std::move(options), std::move(event), std::move(failed));
  watches_.emplace(handle, watch);
  watch->begin();
  return handle;
}

void Loop::cancel(Handle handle) {
  if (const auto watch = watches_.find(handle); watch != watches_.end()) {
    const auto keep = watch->second;  // it may be the one that is calling
    watches_.erase(watch);
    keep->cancel();
    return;
  }
  const auto found = calls_.find(handle);
  if (found == calls_.end()) return;
  const CallPtr call = found->second;
  calls_.erase(found);
  call->over = true;
  if (call->timer) timers_.cancel(*call->timer);
  drop_transfer(*call, false);
}

Timers::Id Loop::after(Duration delay, std::function<void()> action) {
  return timers_.add(SteadyClock::now() + std::min(delay, kLongestWait * 24), std::move(action));
}

// ---- the way of a request

void Loop::line_up(Call& call) {
  call.lined_up = SteadyClock::now();
  (call.request.urgent ? urgent_ : waiting_).push_back(call.handle);
}

// The first that was not cancelled meanwhile.
Loop::CallPtr Loop::first_of(std::deque<Handle>& line) {
  for (; !line.empty(); line.pop_front()) {
    if (const auto found = calls_.find(line.front()); found != calls_.end()) return found->second;
  }
  return {};
}

// When there will be something to begin, as far as it depends on time.
std::optional<SteadyTime> Loop::next_begin() {
  if (first_of(urgent_)) return SteadyTime{};
  const CallPtr call = first_of(waiting_);
  if (!call) return std::nullopt;
  // Streams take no place, but they wait behind what was started before them.
  if (call->stream) return SteadyTime{};
  return places_taken_ < kPlaces ? std::optional(rate_limit_.next()) : std::nullopt;
}

Loop::CallPtr Loop::next_to_begin() {
  const auto next = next_begin();
  if (!next || *next > SteadyClock::now()) return {};
  auto& line = urgent_.empty() ? waiting_ : urgent_;
  const CallPtr call = first_of(line);
  line.pop_front();
  return call;
}

void Loop::begin_waiting() {
  while (const CallPtr call = next_to_begin()) begin(call);
}

void Loop::begin(const CallPtr& call) {
  const SteadyTime now = SteadyClock::now();
  if (!call->first_try) call->first_try = now;
  rate_limit_.begin(now);
  ++call->attempts;
  try {
    const Credential& credential = credential_of(*call);
    call->credential_generation = credential.generation;
    TransferOptions options{heard_from_, call->stream.has_value(), call->fresh_connection, {}};
    options.on_pieces = [this, handle = call->handle] { note_ready(handle); };
    call->transfer = std::make_unique<Transfer>(pool_.take(credential), config_, credential, call->request, std::move(options));
    call->try_began = now;
  } catch (const Error& error) {
    if (const auto delay = error.kind() == ErrorKind::denied ? delay_of_next_login(*call, false) : std::nullopt) {
      return try_after(*delay, *call);
    }
    Reply reply;
    reply.failure = error.what();
    reply.failure_kind = error.kind();
    reply.hints = error.hints();
    return finish(call, std::move(reply));
  }
  carried_.emplace(call->transfer->easy(), call);
  if (!call->stream) ++places_taken_;
  check(curl_multi_add_handle(multi_, call->transfer->easy()));
  if (const auto silence = silence_of(*call)) watch_silence(call, *silence);
}

// That a plugin had none while this request waited is said to it too: each call of a plugin may take a minute.
const Credential& Loop::credential_of(const Call& call) {
  if (no_credentials_ && call.lined_up <= no_credentials_->first) throw no_credentials_->second;
  try {
    return credentials_.current(now_on_the_wall());
  } catch (const Error& error) {
    no_credentials_.emplace(SteadyClock::now(), error);
    throw;
  }
}

// How long a try may hear nothing.
std::optional<Duration> Loop::silence_of(const Call& call) const {
  if (call.stream) return call.stream->silence > Duration::zero() ? std::optional(call.stream->silence) : std::nullopt;
  const Duration timeout = config_.request_timeout;
  if (!is_read(call.request) || call.request.timeout || timeout <= Duration::zero()) return std::nullopt;
  return call.transfer->has_begun() ? std::min(kAnswerSilence, timeout) : timeout;
}

void Loop::watch_silence(const CallPtr& call, Duration wait) {
  call->timer = after(std::min(wait, kAnswerSilence), [this, weak = std::weak_ptr<Call>(call)] {
    const CallPtr alive = weak.lock();
    if (!alive || !alive->transfer) return;
    const Duration silence = *silence_of(*alive);
    const Duration quiet = SteadyClock::now() - alive->transfer->last_byte();
    if (quiet < silence) return watch_silence(alive, silence - quiet);
    alive->silent = silence;
    end_try(alive, CURLE_OPERATION_TIMEDOUT);
  });
}

void Loop::perform() {
  int running = 0;
  check(curl_multi_perform(multi_, &running));
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto found = carried_.find(message->easy_handle);
    KFRUN_CHECK(found != carried_.end());
    end_try(CallPtr(found->second), code);
  }
}

void Loop::drop_transfer(Call& call, bool reusable) {
  if (!call.transfer) return;
  call.pieces += call.transfer->take_pieces();
  CURL* easy = call.transfer->easy();
  curl_multi_remove_handle(multi_, easy);
  carried_.erase(easy);
  Easy released = call.transfer->release();
  call.transfer.reset();
  if (reusable) pool_.give_back(std::move(released));
  if (!call.stream) --places_taken_;
}

void Loop::end_try(const CallPtr& call, CURLcode code) {
  TryResult result = call->transfer->result(code);
  const bool had_pieces = call->transfer->had_pieces();
  if (result.transport == Transport::timed_out) end_dead_connection(*call);
  drop_transfer(*call, code == CURLE_OK);
  if (call->timer) timers_.cancel(*call->timer);
  call->timer.reset();
  if (call->silent) {
    result.reply.failure = fmt::format("{}: timed out: no byte came for {}", config_.server, to_string(*call->silent));
    call->silent.reset();
  }
  // The next try is not put on a connection that may hang.
  call->fresh_connection = result.transport == Transport::timed_out;
  if (!had_pieces) {
    if (result.reply.status == 429) {
      rate_limit_.refuse(call->try_began, SteadyClock::now(), retry_after_of(result.reply).value_or(Duration::zero()));
    }
    if (const auto delay = delay_of_next_try(*call, result)) return try_after(*delay, *call);
  }
  finish(call, std::move(result.reply));
}

void Loop::try_after(Duration delay, Call& call) {
  if (delay <= Duration::zero()) return line_up(call);
  call.timer = after(delay, [this, handle = call.handle] {
    if (const auto found = calls_.find(handle); found != calls_.end()) line_up(*found->second);
  });
}

// Where a request had no answer and nobody else heard of the server meanwhile over the same connection, it is the connection
// that is dead, and idle ones are suspect. libcurl would put the next request on them: they end for all whom they carry.
void Loop::end_dead_connection(const Call& call) {
  const SteadyTime since = call.silent ? SteadyClock::now() - *call.silent : call.try_began;
  const auto is_quiet = [&](LocalPort port) {
    const auto heard = heard_from_.find(port);
    return heard == heard_from_.end() || heard->second < since;
  };
  const LocalPort own = call.transfer->local_port();
  if (!is_quiet(own)) return;
  std::set<LocalPort> busy;
  for (const auto& [easy, carried] : carried_) busy.insert(carried->transfer->local_port());
  pool_.end_connections([&](LocalPort port) { return port == own || (!busy.contains(port) && is_quiet(port)); });
}

// After a 401. Nothing was done then, so it can be said again whatever it was.
std::optional<Duration> Loop::delay_after_refusal(Call& call) {
  bool can_help = false;
  try {
    can_help = credentials_.refused(call.credential_generation, now_on_the_wall());
  } catch (const Error&) {
    // there is no other
  }
  if (can_help && call.refusals == 0) {
    call.refusals = 1;
    call.refused_since = SteadyClock::now();
    return Duration::zero();
  }
  return delay_of_next_login(call, can_help);
}

// Authenticators (webhooks, identity providers, their plugins) fail at times for who is known well.
std::optional<Duration> Loop::delay_of_next_login(Call& call, bool is_fresh) {
  const SteadyTime now = SteadyClock::now();
  if (++call.refusals == 1) call.refused_since = now;
  if (!is_accepted_ && !is_fresh) return std::nullopt;
  const SteadyTime until = call.refused_since + (is_accepted_ ? config_.refusal_patience : kFirstRefusalPatience);
  if (now >= until) return std::nullopt;
  return std::min<Duration>(retry_delay(call.refusals, std::nullopt, random()), until - now);
}

std::optional<Duration> Loop::delay_of_next_try(Call& call, const TryResult& result) {
  if (result.reply.status == 401) return delay_after_refusal(call);
  if (is_login_accepted(result.reply)) is_accepted_ = true;
  if (result.reply.status != 0) call.refusals = 0;
  const Duration retry_for = call.request.retry_for.value_or(config_.retry_for);
  if (retry_for <= Duration::zero()) return std::nullopt;
  Outcome outcome;
  outcome.transport = result.transport;
  outcome.status = result.reply.status;
  const std::string message = result.reply.ok() ? std::string() : result.reply.message();
  outcome.message = message;
  outcome.repeatable = call.request.idempotent || is_read(call.request);
  outcome.any_fault = call.request.any_fault;
  outcome.retry_after = retry_after_of(result.reply);
  if (!should_retry(outcome)) return std::nullopt;
  const Duration delay = retry_delay(call.attempts, outcome.retry_after, random());
  const bool is_stalled_read = result.transport == Transport::timed_out && is_read(call.request) && !call.stream;
  if (is_stalled_read && call.attempts < kLeastTriesOfRead) return delay;
  if (SteadyClock::now() + delay > *call.first_try + std::min(retry_for, kLongestWait * 24)) return std::nullopt;
  return delay;
}

void Loop::finish(const CallPtr& call, Reply reply) {
  reply.attempts = call->attempts;
  call->reply = std::move(reply);
  note_ready(call->handle);
}

// ---- what the user is told

void Loop::deliver() {
  while (!ready_.empty()) {
    const auto found = calls_.find(ready_.front());
    ready_.pop_front();
    if (found != calls_.end()) deliver(CallPtr(found->second));
  }
}

void Loop::deliver(const CallPtr& call) {
  // A callback that waits for something else runs the loop inside of itself; its own stream keeps its order.
  if (call->delivering) return;
  call->delivering = true;
  try {
    while (deliver_pieces(*call)) {
    }
    if (!call->over && call->reply) {
      call->over = true;
      calls_.erase(call->handle);
      note_called();
      call->done(std::move(*call->reply));
    }
  } catch (...) {
    call->delivering = false;
    if (!call->over) note_ready(call->handle);
    throw;
  }
  call->delivering = false;
}

// Hands over what has come; whether there was anything.
bool Loop::deliver_pieces(Call& call) {
  if (call.over || !call.stream) return false;
  if (call.transfer) call.pieces += call.transfer->take_pieces();
  if (call.pieces.empty()) return false;
  const std::string bytes = std::exchange(call.pieces, {});
  note_called();
  if (call.stream->piece(bytes) || call.over) return true;
  Reply reply;
  reply.status = 200;
  if (call.transfer) reply = call.transfer->stopped();
  reply.attempts = call.attempts;
  if (call.timer) timers_.cancel(*call.timer);
  drop_transfer(call, false);
  call.pieces.clear();
  call.reply = std::move(reply);
  return false;
}

void Loop::run_timers() {
  const auto now = SteadyClock::now();
  while (auto action = timers_.take_due(now)) action();
}

// ---- waiting

void Loop::run_once(Duration wait) {
  const auto until = SteadyClock::now() + std::clamp(wait, Duration::zero(), kLongestWait);
  const auto before = std::pair(called_, wakes_);
  for (;;) {
    run_timers();
    begin_waiting();
    perform();
    deliver();
    Duration left = called_ != before.first ? Duration::zero() : until - SteadyClock::now();
    if (const auto next = next_begin()) left = std::min<Duration>(left, *next - SteadyClock::now());
    if (const auto next = timers_.next()) left = std::min<Duration>(left, *next - SteadyClock::now());
    poll(left);
    if (before != std::pair(called_, wakes_) || SteadyClock::now() >= until) return;
  }
}

void Loop::poll(Duration wait) {
  wait_descriptors_.clear();
  wait_descriptors_.push_back({wake_descriptor_, CURL_WAIT_POLLIN, 0});
  for (const auto& [descriptor, readable] : descriptors_) wait_descriptors_.push_back({descriptor, CURL_WAIT_POLLIN, 0});
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, Duration::zero())).count();
  int ready = 0;
  check(curl_multi_poll(multi_, wait_descriptors_.data(), static_cast<unsigned>(wait_descriptors_.size()),
                        static_cast<int>(milliseconds), &ready));
  if (ready == 0) return;
  if (wait_descriptors_.front().revents != 0) {
    eventfd_t count = 0;
    (void)::eventfd_read(wake_descriptor_, &count);
    ++wakes_;
  }
  std::vector<int> readable;
  for (std::size_t i = 1; i < wait_descriptors_.size(); ++i) {
    if (wait_descriptors_[i].revents != 0) readable.push_back(wait_descriptors_[i].fd);
  }
  for (const int descriptor : readable) call_descriptor(descriptor);
}

void Loop::call_descriptor(int descriptor) {
  const auto found =
      std::find_if(descriptors_.begin(), descriptors_.end(), [&](const auto& entry) { return entry.first == descriptor; });
  if (found == descriptors_.end()) return;  // removed by the one before it
  const auto readable = found->second;
  note_called();
  readable();
}

void Loop::wake() {
  // eventfd_write is write(2): allowed in a signal handler and from any thread. A full counter is as good as one more.
  (void)::eventfd_write(wake_descriptor_, 1);
}

void Loop::add_descriptor(int descriptor, std::function<void()> readable) {
  remove_descriptor(descriptor);
  descriptors_.emplace_back(descriptor, std::move(readable));
}

void Loop::remove_descriptor(int descriptor) {
  std::erase_if(descriptors_, [&](const auto& entry) { return entry.first == descriptor; });
}

}  // namespace kfrun::kube
