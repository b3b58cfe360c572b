// The event loop: one libcurl multi handle, timers and descriptors; requests with their retries. Client and Watch are built
// on it.
//
// A request waits for a free place, is carried by a Transfer, and is then finished or sleeps until its next try. All callbacks
// of users are called from run_once(), never from inside libcurl, so they may start and cancel whatever they like, and throw.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <unordered_map>

#include "kube/client.h"
#include "kube/credentials.h"
#include "kube/rate_limit.h"
#include "kube/timers.h"
#include "kube/transfer.h"

namespace kfrun::kube {

class Watch;

// As OnReply, but the receiver may keep the reply.
using OnOwnReply = std::function<void(Reply&&)>;

struct StreamOptions {
  OnBytes piece;
  Duration silence{0};  // no byte for that long: ended as timed out; 0: no limit
};

class Loop {
 public:
  explicit Loop(const Config& config);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  const Config& config() const { return config_; }

  Handle start(Request request, OnOwnReply done);
  Handle stream(Request request, StreamOptions options, OnOwnReply done);
  Handle start_watch(const ResourceType& type, const std::string& name_space, WatchOptions options,
                     std::function<void(const WatchEvent&)> event, std::function<void(const Error&)> failed);
  void cancel(Handle handle);
  void end_watch(Handle handle) { watches_.erase(handle); }

  Timers::Id after(Duration delay, std::function<void()> action);
  void cancel_timer(const Timers::Id& timer) { timers_.cancel(timer); }
  // In [0, 1).
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  // Said by those who call a user's callback: run_once() returns after it.
  void note_called() { ++called_; }

  void run_once(Duration wait);
  void wake();
  // How many wake()s were met so far.
  unsigned long long wakes() const { return wakes_; }
  void add_descriptor(int descriptor, std::function<void()> readable);
  void remove_descriptor(int descriptor);

 private:
  struct Call;
  using CallPtr = std::shared_ptr<Call>;

  Handle add(CallPtr call);
  void line_up(Call& call);
  CallPtr next_to_begin();
  CallPtr first_of(std::deque<Handle>& line);
  std::optional<SteadyTime> next_begin();
  void begin_waiting();
  void begin(const CallPtr& call);
  const Credential& credential_of(const Call& call);
  std::optional<Duration> silence_of(const Call& call) const;
  void watch_silence(const CallPtr& call, Duration wait);
  void perform();
  void end_try(const CallPtr& call, CURLcode code);
  void end_dead_connection(const Call& call);
  std::optional<Duration> delay_of_next_try(Call& call, const TryResult& result);
  std::optional<Duration> delay_after_refusal(Call& call);
  std::optional<Duration> delay_of_next_login(Call& call, bool is_fresh);
  void try_after(Duration delay, Call& call);
  void drop_transfer(Call& call, bool reusable);
  void finish(const CallPtr& call, Reply reply);
  void note_ready(Handle handle) { ready_.push_back(handle); }
  void deliver();
  void deliver(const CallPtr& call);
  bool deliver_pieces(Call& call);
  void run_timers();
  void poll(Duration wait);
  void call_descriptor(int descriptor);

  const Config config_;
  Credentials credentials_;
  EasyPool pool_;
  CURLM* multi_;
  int wake_descriptor_;
  Timers timers_;
  std::mt19937_64 random_;

  Handle last_handle_ = 0;
  std::unordered_map<Handle, CallPtr> calls_;
  std::unordered_map<CURL*, CallPtr> carried_;  // by their transfer's handle
  std::unordered_map<Handle, std::shared_ptr<Watch>> watches_;
  std::deque<Handle> urgent_, waiting_;  // for a place, or for their next try
  RateLimit rate_limit_;
  bool is_accepted_ = false;                                    // the server has taken our login before
  std::optional<std::pair<SteadyTime, Error>> no_credentials_;  // when that was found out last
  std::deque<Handle> ready_;                                    // with something to hand to the user
  std::size_t places_taken_ = 0;
  HeardFrom heard_from_;
  std::vector<std::pair<int, std::function<void()>>> descriptors_;
  std::vector<curl_waitfd> wait_descriptors_;
  unsigned long long called_ = 0;  // callbacks of users, ever
  unsigned long long wakes_ = 0;
};

}  // namespace kfrun::kube
