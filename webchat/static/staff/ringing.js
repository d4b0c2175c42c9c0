/**
 * Sound that calls somebody: soft, two notes, again until answered. Made here by WebAudio, so nothing is fetched and a
 * broken download can never be the reason that nobody heard.
 */

const TUNES = {
  offer: { notes: [659.3, 880], every: 2_800 },
  alert: { notes: [587.3, 587.3, 784], every: 4_000 },
  ask: { notes: [523.3], every: 6_000 },
};
const NOTE_SECONDS = 0.22;

/** @param {(blocked: boolean) => void} onBlocked told when the browser will, or will no longer, let this page sound */
export function makeRinging(onBlocked = () => {}) {
  /** @type {AudioContext | null} */
  let audio = null;
  const reasons = new Map();
  const timers = new Map();

  function wake() {
    audio ??= new AudioContext();
    if (audio.state === "suspended")
      audio.resume().then(
        () => onBlocked(blocked()),
        () => {},
      );
    return audio;
  }

  const blocked = () => !audio || audio.state !== "running";

  function play(tune) {
    const sounding = wake();
    if (sounding.state !== "running") return onBlocked(true);
    tune.notes.forEach((pitch, place) => sound(sounding, pitch, sounding.currentTime + place * NOTE_SECONDS));
  }

  function sync() {
    for (const name of Object.keys(TUNES)) {
      const wanted = [...reasons.values()].includes(name);
      if (wanted && !timers.has(name)) {
        play(TUNES[name]);
        timers.set(
          name,
          setInterval(() => play(TUNES[name]), TUNES[name].every),
        );
      } else if (!wanted && timers.has(name)) {
        clearInterval(timers.get(name));
        timers.delete(name);
      }
    }
  }

  return {
    /** Ring for this until `stop`ped. @param {string} reason @param {keyof TUNES} tune */
    ring(reason, tune = "offer") {
      reasons.set(reason, tune);
      sync();
    },
    stop(reason) {
      if (reasons.delete(reason)) sync();
    },
    /** Once, for the sound test; true when the browser let it out. Must come from a press. */
    async test() {
      await wake().resume();
      play(TUNES.offer);
      onBlocked(blocked());
      return !blocked();
    },
    blocked,
    ringing: () => reasons.size > 0,
  };
}

/** @param {AudioContext} audio @param {number} pitch hertz @param {number} at seconds of the context's clock */
function sound(audio, pitch, at) {
  const tone = audio.createOscillator();
  const swell = audio.createGain();
  tone.type = "sine";
  tone.frequency.value = pitch;
  swell.gain.setValueAtTime(0, at);
  swell.gain.linearRampToValueAtTime(0.28, at + 0.03);
  swell.gain.exponentialRampToValueAtTime(0.001, at + NOTE_SECONDS + 0.25);
  tone.connect(swell).connect(audio.destination);
  tone.start(at);
  tone.stop(at + NOTE_SECONDS + 0.3);
}
